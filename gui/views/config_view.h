// SPDX-License-Identifier: GPL-3.0-or-later
// The configuration of every head: typed into a row, given to all selected rows at once, undone, held against
// what it was, read from and written to the formats of other tools. It starts as what the run was recorded
// with. Step and branch of the selection say which part of it the table shows.
#pragma once

#include <functional>

#include "gui/models/config_model.h"
#include "gui/views/pane.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QSortFilterProxyModel;
class QTableView;
class QVBoxLayout;

namespace ditscope::gui {

class ConfigView : public Pane {
  Q_OBJECT
 public:
  enum class Steps { All, FromHere, Here };

  explicit ConfigView(Session* session, QWidget* parent = nullptr);

  // Instead of file dialogs; an empty path: the user gave up.
  void setChoosers(std::function<QString()> open, std::function<QString(const QString& suggestion)> save);
  void load(const QString& path);                         // a configuration or a file of another tool
  void save(const QString& path, const QString& format);  // by the name of the format; "json": our own
  void setAsBaseline();
  void applyTo(const std::vector<std::pair<int, int>>& heads, const QString& words);  // can be undone
  void setSteps(Steps steps);

  [[nodiscard]] const db::SparsityConfig& config() const { return m_config; }
  [[nodiscard]] ConfigModel* model() const { return m_model; }
  [[nodiscard]] QString message() const;

  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override { return m_model->numbers(); }

 private:
  friend class ConfigCommand;
  void buildControls(QVBoxLayout& column);
  void buildList();
  void hideEmptyColumns();
  void startOver();  // another run
  void showConfig(const db::SparsityConfig& config);
  void change(const db::SparsityConfig& config, const QString& what);
  void showDifference();
  void say(const QString& words, bool isProblem);
  [[nodiscard]] std::vector<std::pair<int, int>> selectedHeads() const;
  template <class Work>
  void guarded(Work work);  // what goes wrong is said in the pane

  QComboBox *m_steps, *m_format;
  QLineEdit* m_setting;
  QLabel *m_heading, *m_difference, *m_message;
  QTableView* m_list;
  ConfigModel* m_model;
  QSortFilterProxyModel* m_sorted;
  std::function<QString()> m_chooseOpen;
  std::function<QString(const QString&)> m_chooseSave;
  db::SparsityConfig m_config, m_baseline;
  std::string m_runUuid;
};

}  // namespace ditscope::gui
