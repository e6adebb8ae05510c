// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/frames_view.h"

#include <QFileInfo>
#include <QPushButton>
#include <QSlider>
#include <QSplitter>
#include <QToolButton>
#include <algorithm>
#include <cmath>

#include "gui/models/readout.h"
#include "gui/plots/xy_plot.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {
namespace {

constexpr int kFrameMs = 125;

QString beside(const TracePtr& trace) {
  if (!trace) return {};
  const QString folder = QString::fromStdString(trace->path.parent_path().string());
  const QString stem = QString::fromStdString(trace->path.stem().string());
  for (const QString& name :
       {stem + QStringLiteral("-frames"), stem + QStringLiteral(".frames"), QStringLiteral("frames")}) {
    const QString path = (folder.isEmpty() ? QStringLiteral(".") : folder) + QChar('/') + name;
    if (!framesIn(path).isEmpty()) return path;
  }
  return {};
}

}  // namespace

FramesView::FramesView(Session* owner, QWidget* parent) : Pane(owner, tr("Frames"), parent) {
  QVBoxLayout* column = paneColumn(this);
  buildControls(*column);
  m_heading = headingLabel(this);
  column->addWidget(m_heading);
  auto* splitter = new QSplitter(Qt::Vertical, this);
  m_canvas = new FrameCanvas(this);
  m_canvas->setAccessibleName(tr("Frames of both runs"));
  m_plot = new XyPlot(this);
  m_plot->setAccessibleName(tr("Likeness of the frames"));
  splitter->addWidget(m_canvas);
  splitter->addWidget(m_plot);
  splitter->setStretchFactor(0, 1);
  splitter->setSizes({1000, 180});
  column->addWidget(splitter, 1);
  m_readout = readoutLabel(this);
  column->addWidget(m_readout);
  setFocusProxy(m_slider);
  connect(m_plot, &XyPlot::clicked, this, [this](QPointF at) { setFrame(int(std::lround(at.x()))); });
  connect(m_plot, &XyPlot::hovered, this,
          [this](QPointF at) { emit session().readout(describe(int(std::lround(at.x())))); });
  connect(m_plot, &XyPlot::pointerLeft, this, [this] { emit session().readout({}); });
  connect(m_plot, &XyPlot::moveAsked, this, [this](int by) { setFrame(frame() + by); });
  connect(owner, &Session::runsChanged, this, &FramesView::find);
  m_play.setInterval(kFrameMs);
  connect(&m_play, &QTimer::timeout, this,
          [this] { setFrame(frame() < m_slider->maximum() ? frame() + 1 : 0); });
  find();
}

void FramesView::buildControls(QVBoxLayout& column) {
  auto* upper = new QHBoxLayout;
  const auto folderButton = [&](const QString& name, bool first) {
    auto* button = new QPushButton(name, this);
    connect(button, &QPushButton::clicked, this, [this, first] {
      const QString folder = m_choose ? m_choose() : askForFolder(this, tr("Folder of frames"));
      if (folder.isEmpty()) return;
      setFolders(first ? folder : m_folderA, first ? m_folderB : folder);
    });
    upper->addWidget(button);
  };
  folderButton(tr("Frames of &A\u2026"), true);
  folderButton(tr("Frames of &B\u2026"), false);
  m_show = new QComboBox(this);
  for (const auto& [name, show] : {std::pair{tr("side by side"), FrameShow::Beside},
                                   {tr("wipe"), FrameShow::Wipe},
                                   {tr("difference"), FrameShow::Difference},
                                   {tr("in turns"), FrameShow::Flicker}})
    m_show->addItem(name, int(show));
  addField(*upper, tr("Sho&w"), m_show);
  upper->addStretch();
  column.addLayout(upper);
  auto* lower = new QHBoxLayout;
  auto* play = new QToolButton(this);
  play->setText(QStringLiteral("\u25b6"));
  play->setAccessibleName(tr("Play the frames"));
  play->setCheckable(true);
  m_slider = new QSlider(Qt::Horizontal, this);
  m_slider->setPageStep(1);
  m_slider->setAccessibleName(tr("Frame"));
  m_measure = new QComboBox(this);
  m_measure->addItems({QStringLiteral("SSIM"), QStringLiteral("PSNR")});
  auto* worst = new QPushButton(tr("&Worst frame"), this);
  lower->addWidget(play);
  lower->addWidget(m_slider, 1);
  addField(*lower, tr("&Curve"), m_measure);
  lower->addWidget(worst);
  column.addLayout(lower);
  connect(m_show, &QComboBox::currentIndexChanged, this,
          [this] { m_canvas->setShow(FrameShow(m_show->currentData().toInt())); });
  connect(m_measure, &QComboBox::currentIndexChanged, this, &FramesView::draw);
  connect(m_slider, &QSlider::valueChanged, this, &FramesView::showFrame);
  connect(worst, &QPushButton::clicked, this, &FramesView::goToWorst);
  connect(play, &QToolButton::toggled, this, [this](bool on) {
    if (on)
      m_play.start();
    else
      m_play.stop();
  });
}

void FramesView::setChooser(std::function<QString()> choose) {
  m_choose = std::move(choose);
}
void FramesView::setShow(FrameShow show) {
  m_show->setCurrentIndex(m_show->findData(int(show)));
}
void FramesView::setFrame(int frame) {
  m_slider->setValue(frame);
}
int FramesView::frame() const {
  return m_slider->value();
}

void FramesView::goToWorst() {
  if (m_scores && m_scores->worst() >= 0) setFrame(m_scores->worst());
}

void FramesView::find() {
  QString runs;
  for (const TracePtr& run : {session().runA(), session().runB()})
    runs += run ? QString::fromStdString(run->path.string()) + QChar('\n') : QString();
  if (runs == m_foundFor) return;  // read again while it is recorded: what was chosen stays
  m_foundFor = runs;
  setFolders(beside(session().runA()), beside(session().runB()));
}

void FramesView::setFolders(const QString& a, const QString& b) {
  m_folderA = a;
  m_folderB = b == a ? QString() : b;  // the same pictures prove nothing
  reload();
}

void FramesView::reload() {
  m_task.giveUp();
  m_scores = nullptr;
  m_a = m_folderA.isEmpty() ? QStringList() : framesIn(m_folderA);
  m_b = m_folderB.isEmpty() ? QStringList() : framesIn(m_folderB);
  const auto most = std::max(m_a.size(), m_b.size());
  m_slider->setRange(0, std::max(int(most) - 1, 0));
  m_slider->setEnabled(most > 1);
  if (!m_a.isEmpty() && !m_b.isEmpty())
    m_task.start([a = m_a, b = m_b](const auto& progress) { return compareFrames(a, b, progress); },
                 {.ready =
                      [this](std::shared_ptr<const FrameScores> scores) {
                        m_scores = std::move(scores);
                        draw();
                      },
                  .failed = [this](const QString& message) { m_readout->setText(message); }});
  draw();
}

void FramesView::draw() {
  const auto named = [](const QString& folder, qsizetype count) {
    return QStringLiteral("%1 (%2)").arg(QFileInfo(folder).fileName()).arg(count);
  };
  m_heading->setText(m_a.isEmpty() && m_b.isEmpty()
                         ? tr("Frames of two runs")
                         : tr("A: %1, B: %2")
                               .arg(m_a.isEmpty() ? tr("none") : named(m_folderA, m_a.size()),
                                    m_b.isEmpty() ? tr("none") : named(m_folderB, m_b.size())));
  m_plot->setVisible(m_scores != nullptr);
  if (m_scores) {
    const bool ssims = m_measure->currentIndex() == 0;
    const std::vector<double>& values = ssims ? m_scores->ssim : m_scores->psnr;
    double lo = ssims ? 1 : 60, hi = ssims ? 1 : 0;
    XySeries curve{.shape = LineSample::LinePoints, .colour = ColourRole::Accent, .x = {}, .y = {}};
    for (size_t i = 0; i < values.size(); ++i) {
      curve.x.push_back(double(i));
      curve.y.push_back(values[i]);
      if (!std::isfinite(values[i])) continue;
      lo = std::min(lo, values[i]);
      hi = std::max(hi, values[i]);
    }
    const double margin = std::max(0.05 * (hi - lo), ssims ? 0.005 : 0.5);
    m_plot->setAxes({.title = tr("Frame"), .lo = -0.5, .hi = double(values.size()) - 0.5, .whole = true},
                    {.title = ssims ? tr("SSIM of A and B") : tr("PSNR of A and B (dB)"),
                     .lo = lo - margin,
                     .hi = hi + margin});
    m_plot->setSeries({std::move(curve)});
  }
  showFrame();
}

void FramesView::showFrame() {
  const auto picture = [this](const QStringList& paths) {
    return frame() < paths.size() ? QImage(paths[frame()]).convertToFormat(QImage::Format_RGB32) : QImage();
  };
  m_canvas->setFrames(picture(m_a), picture(m_b));
  m_plot->setMark(frame());
  if (m_a.isEmpty() && m_b.isEmpty())
    m_readout->setText(
        tr("No frames beside the trace. Record with --frames DIR, or choose the folders above."));
  else
    m_readout->setText(capitalised(describe(frame())));
  m_canvas->setAccessibleDescription(m_readout->text());
}

QString FramesView::describe(int at) const {
  QString words = tr("frame %1").arg(at);
  if (!m_scores || at < 0 || size_t(at) >= m_scores->ssim.size())
    return words + (m_b.isEmpty() ? tr(": choose the frames of a second run to compare") : QString());
  words += tr(": SSIM %1, PSNR %2 dB")
               .arg(numberText(m_scores->ssim[size_t(at)], 4), numberText(m_scores->psnr[size_t(at)]));
  if (m_scores->worst() >= 0)
    words += tr("; worst is frame %1 with SSIM %2")
                 .arg(m_scores->worst())
                 .arg(numberText(m_scores->ssim[size_t(m_scores->worst())], 4));
  return words;
}

void FramesView::fit() {
  m_plot->fit();
}

QString FramesView::copyText() const {
  return m_heading->text() + QChar('\n') + m_readout->text();
}

TableData FramesView::table() const {
  TableData numbers{{tr("Frame"), tr("SSIM"), tr("PSNR (dB)")}};
  for (size_t i = 0; m_scores && i < m_scores->ssim.size(); ++i)
    numbers.rows.push_back({int(i), numberOrNothing(m_scores->ssim[i]), numberOrNothing(m_scores->psnr[i])});
  return numbers;
}

}  // namespace ditscope::gui
