// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/summary_view.h"

#include <QEvent>
#include <QLabel>
#include <QRegularExpression>
#include <QScrollArea>
#include <QVBoxLayout>

#include "analyzer/format.h"
#include "gui/models/readout.h"
#include "gui/models/summary_text.h"
#include "gui/plots/theme.h"

namespace ditscope::gui {
namespace {

// Long names break between their words, lists behind their commas: FlowMatch|Euler|Discrete|Scheduler,
// topk:density=0.25,|dense_steps=4.
QString html(const QString& plain) {
  static const QRegularExpression wordEnd(QStringLiteral("([a-z0-9](?=[A-Z])|,(?=[a-z]))"));
  return plain.toHtmlEscaped().replace(wordEnd, QStringLiteral("\\1​"));
}

QString rowsTable(const std::vector<SummaryRow>& rows, const PlotColours& colours) {
  QString result = QStringLiteral("<table cellspacing='0' cellpadding='2'>");
  for (const SummaryRow& row : rows) {
    if (row.value.isEmpty()) continue;
    result += QStringLiteral(
                  "<tr><td style='color:%1; padding-right:10px; white-space:nowrap'>%2</td><td>%3</td></tr>")
                  .arg(colours.faintText.name(), html(row.name), html(row.value));
  }
  return result + QStringLiteral("</table>");
}

QString section(const QString& title, const QString& body) {
  return QStringLiteral("<p style='margin-bottom:4px'><b>%1</b></p>%2").arg(html(title), body);
}

QLabel* richLabel(QVBoxLayout& column) {
  auto* label = new QLabel;
  label->setTextFormat(Qt::RichText);
  label->setWordWrap(true);
  label->setTextInteractionFlags(Qt::TextBrowserInteraction);
  label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Minimum);
  column.addWidget(label);
  return label;
}

QString headsTable(const analyzer::TraceSummary& summary, const PlotColours& colours) {
  QString rows;
  for (const analyzer::WorstHead& head : summary.worstHeads)
    rows += QStringLiteral(
                "<tr><td><a href='%1,%2,%3' style='color:%4'>layer %2, head %3</a></td>"
                "<td style='padding-left:12px'>%5</td><td style='padding-left:12px'>%6</td></tr>")
                .arg(head.worstStep)
                .arg(head.layer)
                .arg(head.head)
                .arg(colours.accent.name(), text(analyzer::formatPercent(head.recall)),
                     text(analyzer::formatPercent(head.recallP05)));
  const QString header = QStringLiteral(
                             "<tr style='color:%1'><td></td><td style='padding-left:12px'>mean</td>"
                             "<td style='padding-left:12px'>p05</td></tr>")
                             .arg(colours.faintText.name());
  return QStringLiteral("<table cellspacing='0' cellpadding='2'>%1%2</table>").arg(header, rows);
}

}  // namespace

SummaryView::SummaryView(Session* owner, QWidget* parent) : Pane(owner, tr("Run"), parent) {
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins({});
  auto* scroll = new QScrollArea(this);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setFocusPolicy(Qt::StrongFocus);
  setFocusProxy(scroll);
  outer->addWidget(scroll);
  auto* body = new QWidget;
  body->setBackgroundRole(QPalette::Base);
  scroll->setWidget(body);
  auto* column = new QVBoxLayout(body);
  column->setContentsMargins(10, 8, 10, 8);
  column->setSpacing(8);
  m_title = richLabel(*column);
  m_health = richLabel(*column);
  m_health->setAccessibleName(tr("Capture health"));
  m_health->setMargin(8);
  m_figures = richLabel(*column);
  m_heads = richLabel(*column);
  m_origin = richLabel(*column);
  column->addStretch(1);
  connect(m_heads, &QLabel::linkActivated, this, &SummaryView::follow);
  connect(owner, &Session::traceChanged, this, &SummaryView::reload);
  reload();
}

void SummaryView::reload() {
  for (QLabel* label : {m_title, m_health, m_figures, m_heads, m_origin})
    label->setVisible(trace() != nullptr);
  if (!trace()) return;
  const PlotColours colours = plotColours(palette());
  const analyzer::TraceSummary& summary = trace()->summary;
  m_title->setText(
      QStringLiteral("<span style='font-size:large'><b>%1</b></span>").arg(html(titleText(summary))));

  const HealthText health = healthText(summary);
  const bool good = health.level == HealthLevel::Good;
  const QColor colour = good                               ? colours.good
                        : health.level == HealthLevel::Bad ? colours.bad
                                                           : colours.warning;
  QColor behind = colour;
  behind.setAlpha(good ? 24 : 46);
  QString words = QStringLiteral("<b style='color:%1'>%2 %3</b>")
                      .arg(colour.name(), good ? QStringLiteral("\u2713") : QStringLiteral("\u26a0"),
                           html(health.headline));
  for (const QString& detail : health.details) words += QStringLiteral("<br>") + html(detail);
  m_health->setText(words);
  m_health->setStyleSheet(
      QStringLiteral("QLabel { background: rgba(%1,%2,%3,%4); border-left: 3px solid %5; }")
          .arg(behind.red())
          .arg(behind.green())
          .arg(behind.blue())
          .arg(behind.alpha())
          .arg(colour.name()));
  m_figures->setText(rowsTable(figureRows(summary), colours));
  m_heads->setText(section(tr("Lowest recall"), headsTable(summary, colours)));
  m_heads->setVisible(!summary.worstHeads.empty());
  m_origin->setText(section(tr("Origin"), rowsTable(originRows(*trace()), colours)));
}

void SummaryView::follow(const QString& link) {
  const QStringList parts = link.split(QChar(','));
  if (parts.size() != 3) return;
  Cell cell = pinned();
  cell.step = parts[0].toInt();
  cell.layer = parts[1].toInt();
  cell.head = parts[2].toInt();
  selection().pin(cell);
}

QString SummaryView::copyText() const {
  if (!trace()) return {};
  const HealthText health = healthText(trace()->summary);
  QStringList lines{titleText(trace()->summary),
                    health.headline + QStringLiteral(": ") + health.details.join(QStringLiteral("; "))};
  for (const auto& rows : {figureRows(trace()->summary), originRows(*trace())})
    for (const SummaryRow& row : rows) lines << row.name + QChar('\t') + row.value;
  return lines.join(QChar('\n'));
}

TableData SummaryView::table() const {
  TableData numbers{{tr("Figure"), tr("Value")}};
  if (!trace()) return numbers;
  for (const auto& rows : {figureRows(trace()->summary), originRows(*trace())})
    for (const SummaryRow& row : rows) numbers.rows.push_back({row.name, row.value});
  return numbers;
}

void SummaryView::changeEvent(QEvent* event) {
  Pane::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) reload();
}

}  // namespace ditscope::gui
