// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/message_bar.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QToolButton>

#include "gui/plots/theme.h"

namespace ditscope::gui {

MessageBar::MessageBar(QWidget* parent)
    : QFrame(parent),
      m_sign(new QLabel(this)),
      m_text(new QLabel(this)),
      m_progress(new QProgressBar(this)),
      m_button(new QToolButton(this)) {
  setAccessibleName(tr("Message"));
  setAutoFillBackground(true);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(12, 6, 8, 6);
  row->addWidget(m_sign);
  row->addWidget(m_text, 1);
  row->addWidget(m_progress);
  row->addWidget(m_button);
  m_text->setWordWrap(true);
  m_text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  m_progress->setFixedWidth(180);
  m_progress->setTextVisible(false);
  connect(m_button, &QToolButton::clicked, this, [this] {
    if (m_isError)
      clear();
    else
      emit cancelAsked();
  });
  hide();
}

void MessageBar::showError(const QString& message) {
  m_isError = true;
  m_sign->setText(QStringLiteral("\u26a0"));
  m_text->setText(message);
  m_progress->hide();
  m_button->setText(tr("Dismiss"));
  setAccessibleDescription(message);
  colour();
  show();
}

void MessageBar::showProgress(const QString& message, int done, int total) {
  m_isError = false;
  m_sign->clear();
  m_text->setText(message);
  m_progress->setRange(0, total);
  m_progress->setValue(done);
  m_progress->show();
  m_button->setText(tr("Cancel"));
  setAccessibleDescription(message);
  colour();
  show();
}

void MessageBar::clear() {
  m_text->clear();
  hide();
}

QString MessageBar::message() const {
  return m_text->text();
}

void MessageBar::changeEvent(QEvent* event) {
  QFrame::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) colour();
}

void MessageBar::colour() {
  const PlotColours colours = plotColours(palette());
  const QColor sign = m_isError ? colours.bad : colours.accent;
  const QString wanted = QStringLiteral(
                             "ditscope--gui--MessageBar { border: none; border-bottom: 2px solid %1; } "
                             "QLabel { color: %2; }")
                             .arg(sign.name(), (m_isError ? sign : colours.text).name());
  if (styleSheet() != wanted) setStyleSheet(wanted);
}

}  // namespace ditscope::gui
