// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/config_view.h"

#include <QLineEdit>
#include <QPushButton>
#include <QSortFilterProxyModel>
#include <algorithm>

#include "analyzer/exchange/exchange_format.h"
#include "gui/models/readout.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {

ConfigView::ConfigView(Session* owner, QWidget* parent) : Pane(owner, tr("Configuration"), parent) {
  QVBoxLayout* column = paneColumn(this);
  m_heading = headingLabel(this);
  column->addWidget(m_heading);
  buildControls(*column);
  buildList();
  column->addWidget(m_list, 1);
  m_difference = readoutLabel(this);
  m_message = readoutLabel(this);
  m_message->setMinimumHeight(0);
  column->addWidget(m_difference);
  column->addWidget(m_message);
  setFocusProxy(m_list);
  connect(owner, &Session::traceChanged, this, &ConfigView::startOver);
  connect(&owner->selection(), &Selection::pinnedChanged, this, [this](Selection::Parts changed) {
    m_model->setPlace(pinned().step, pinned().branch);
    if (changed & (Selection::Step | Selection::Branch)) showDifference();
  });
  startOver();
}

void ConfigView::buildControls(QVBoxLayout& column) {
  m_setting = new QLineEdit(this);
  m_setting->setPlaceholderText(QStringLiteral("topk:density=0.25"));
  m_setting->setToolTip(tr("Method and parameters for all selected rows; see ditscope methods"));
  m_steps = new QComboBox(this);
  m_steps->addItems({tr("all steps"), tr("from this step on"), tr("this step alone")});
  auto* give = new QPushButton(tr("&Give to the rows"), this);
  auto* upper = new QHBoxLayout;
  addField(*upper, tr("S&etting"), m_setting);
  addField(*upper, tr("&for"), m_steps);
  upper->addWidget(give);
  upper->setStretchFactor(m_setting, 1);
  auto* open = new QPushButton(tr("I&mport\u2026"), this);
  m_format = new QComboBox(this);
  for (const analyzer::ExchangeFormat& format : analyzer::exchangeFormats()) {
    if (!format.write) continue;
    m_format->addItem(text(format.name));
    m_format->setItemData(m_format->count() - 1, text(format.help), Qt::ToolTipRole);
  }
  m_format->setCurrentIndex(std::max(m_format->findText(QStringLiteral("json")), 0));
  auto* write = new QPushButton(tr("E&xport\u2026"), this);
  auto* base = new QPushButton(tr("Set as &baseline"), this);
  base->setToolTip(tr("From here on, changes are told against the configuration as it is now"));
  auto* lower = new QHBoxLayout;
  lower->addWidget(open);
  addField(*lower, tr("a&s"), m_format);
  lower->addWidget(write);
  lower->addStretch();
  lower->addWidget(base);
  column.addLayout(upper);
  column.addLayout(lower);
  connect(give, &QPushButton::clicked, this, [this] { applyTo(selectedHeads(), m_setting->text()); });
  connect(m_setting, &QLineEdit::returnPressed, give, &QPushButton::click);
  connect(base, &QPushButton::clicked, this, &ConfigView::setAsBaseline);
  connect(open, &QPushButton::clicked, this, [this] {
    const QString path = m_chooseOpen ? m_chooseOpen() : askForFile(this, tr("Import a configuration"));
    if (!path.isEmpty()) load(path);
  });
  connect(write, &QPushButton::clicked, this, [this] {
    const QString format = m_format->currentText();
    const QString suggestion =
        QStringLiteral("config") + text(analyzer::exchangeFormat(format.toStdString()).extension);
    const QString path = m_chooseSave ? m_chooseSave(suggestion)
                                      : askForNewFile(this, tr("Export the configuration"), suggestion);
    if (!path.isEmpty()) save(path, format);
  });
}

void ConfigView::buildList() {
  m_model = new ConfigModel(this);
  m_sorted = new QSortFilterProxyModel(this);
  m_sorted->setSourceModel(m_model);
  m_sorted->setSortRole(ConfigModel::kSortRole);
  m_list = dataTable(m_sorted, this);
  m_list->setSelectionMode(QAbstractItemView::ExtendedSelection);
  m_list->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed);
  m_list->setAccessibleName(tr("Setting of each head"));
  connect(m_list->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          [this](const QModelIndex& at) {
            if (!at.isValid()) return;
            const int row = m_sorted->mapToSource(at).row();
            const auto [layer, head] = m_model->headAt(row);
            m_setting->setText(m_model->index(row, ConfigModel::Setting).data().toString());
            selection().setHead(layer, head);
          });
  connect(m_model, &ConfigModel::modelReset, this, &ConfigView::hideEmptyColumns);
  connect(m_model, &ConfigModel::dataChanged, this, &ConfigView::hideEmptyColumns);
  connect(m_model, &ConfigModel::settingTyped, this, [this](int layer, int head, const QString& words) {
    applyTo({{layer, head}}, words);
  });
}

// What no row has, an expectation of a setting that nobody predicted say, would be an empty column.
void ConfigView::hideEmptyColumns() {
  for (int column = ConfigModel::Density; column < ConfigModel::kColumns; ++column) {
    bool empty = true;
    for (int row = 0; empty && row < m_model->rowCount(); ++row)
      empty = m_model->index(row, column).data().toString().isEmpty();
    m_list->setColumnHidden(column, empty);
  }
}

void ConfigView::setChoosers(std::function<QString()> open, std::function<QString(const QString&)> save) {
  m_chooseOpen = std::move(open);
  m_chooseSave = std::move(save);
}
void ConfigView::setSteps(Steps steps) {
  m_steps->setCurrentIndex(int(steps));
}
QString ConfigView::message() const {
  return m_message->text();
}

std::vector<std::pair<int, int>> ConfigView::selectedHeads() const {
  std::vector<std::pair<int, int>> heads;
  for (const QModelIndex& row : m_list->selectionModel()->selectedRows())
    heads.push_back(m_model->headAt(m_sorted->mapToSource(row).row()));
  return heads;
}

QString ConfigView::copyText() const {
  return m_heading->text() + QChar('\n') + tabText(table());
}

}  // namespace ditscope::gui
