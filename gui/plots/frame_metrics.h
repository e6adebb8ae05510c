// SPDX-License-Identifier: GPL-3.0-or-later
// The decoded frames of two runs, picture by picture: PSNR and SSIM. Values of the pictures as stored, 8 bits
// a channel.
#pragma once

#include <QImage>
#include <QString>
#include <QStringList>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace ditscope::gui {

// Pictures of a folder in order of the numbers in their names (frame_2 before frame_10); contact sheets are
// left out. Empty when there are none.
[[nodiscard]] QStringList framesIn(const QString& folder);

[[nodiscard]] double psnr(const QImage& a, const QImage& b);  // dB; infinite for equal, NaN for other sizes
// Of the luma, mean over windows of 8 x 8 pixels every 4 (Wang et al. 2004, uniform windows); NaN as above.
[[nodiscard]] double ssim(const QImage& a, const QImage& b);
// |a - b| of each channel, times `gain`; empty for other sizes.
[[nodiscard]] QImage absoluteDifference(const QImage& a, const QImage& b, int gain);

struct FrameScores {  // of the frames that both have, in order
  std::vector<double> psnr, ssim;
  [[nodiscard]] int worst() const;  // lowest SSIM; -1 when there is none
};
// progress(done, total) may return false to stop: db::Cancelled is thrown. Throws db::Error for a picture
// that cannot be read.
[[nodiscard]] std::shared_ptr<const FrameScores> compareFrames(
    const QStringList& a, const QStringList& b, const std::function<bool(int64_t, int64_t)>& progress = {});

}  // namespace ditscope::gui
