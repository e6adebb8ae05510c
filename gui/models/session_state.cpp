// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/session_state.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <algorithm>

namespace ditscope::gui {
namespace {

constexpr int kVersion = 1;
constexpr int kMostBytes = 1 << 16;
constexpr int kMostPath = 4096;
constexpr int kMostIndex = 1 << 30;

QString path(const QJsonObject& object, const char* key) {
  const QString found = object.value(QLatin1String(key)).toString();
  return found.size() <= kMostPath && !found.contains(QChar(0)) ? found : QString();
}

int index(const QJsonObject& object, const char* key) {
  return std::clamp(object.value(QLatin1String(key)).toInt(0), 0, kMostIndex);
}

}  // namespace

QByteArray stateText(const SessionState& state) {
  const Cell& cell = state.cell;
  const QJsonObject object{
      {QStringLiteral("version"), kVersion},      {QStringLiteral("traceA"), state.traceA},
      {QStringLiteral("traceB"), state.traceB},   {QStringLiteral("shown"), state.shown},
      {QStringLiteral("step"), cell.step},        {QStringLiteral("layer"), cell.layer},
      {QStringLiteral("head"), cell.head},        {QStringLiteral("branch"), int(cell.branch)},
      {QStringLiteral("query"), cell.queryBlock}, {QStringLiteral("key"), cell.keyBlock}};
  return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

SessionState parseState(const QByteArray& text) {
  SessionState state;
  if (text.size() > kMostBytes) return state;
  const QJsonObject object = QJsonDocument::fromJson(text).object();
  if (object.value(QStringLiteral("version")).toInt() != kVersion) return state;
  state.traceA = path(object, "traceA");
  state.traceB = path(object, "traceB");
  state.shown = std::min(index(object, "shown"), 2);
  state.cell.step = index(object, "step");
  state.cell.layer = index(object, "layer");
  state.cell.head = index(object, "head");
  state.cell.branch = index(object, "branch") == 1 ? db::Branch::Uncond : db::Branch::Cond;
  state.cell.queryBlock = index(object, "query");
  state.cell.keyBlock = index(object, "key");
  return state;
}

}  // namespace ditscope::gui
