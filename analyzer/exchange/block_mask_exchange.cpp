// SPDX-License-Identifier: Apache-2.0
// The arrays that Block-Sparse-Attention's kernel takes, of every attention call of a recorded run, as a
// torch.save dictionary of tensors named step.<s>.layer.<l>.<branch>.<array>:
//   head_mask_type  int32[H]        0 dense, -1 streaming, k >= 1 the mask k - 1
//   streaming_info  int32[2H]       blocks of the sink and of the local band of streaming heads
//   base_blockmask  bool[1, masks, ceil(Nq / 128), ceil(Nk / 128)]
// A kept block of another size keeps every block of 128 that it touches. A configuration has no masks, only
// the methods that will find them; read back, a mask is therefore a share of the key blocks.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "analyzer/exchange/exchange_file.h"
#include "analyzer/exchange/head_choices.h"
#include "db/error.h"
#include "db/torch_file.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {
namespace {

constexpr int64_t kBlock = 128;
constexpr int64_t kMostBlocks = 16'000'000;  // in one file, eight bytes each while it is built

std::string nameOf(const db::AttnCall& call, const char* array) {
  return fmt::format("step.{}.layer.{}.{}.{}", call.step, call.layer, db::nameOf(call.branch), array);
}

// What a report needs to say of all calls.
struct MaskTotals {
  int64_t masks = 0, dense = 0, missing = 0, partial = 0, reordered = 0;
  int64_t blocksBefore = 0, keptBefore = 0, blocksAfter = 0, keptAfter = 0;
};

// Row-major [ceil(Nq / 128)][ceil(Nk / 128)].
std::vector<double> regrid(const db::BlockMask& mask, const db::AttnCall& call, int64_t rows, int64_t cols) {
  std::vector<double> kept(size_t(rows * cols), 0);
  for (int32_t row = 0; row < mask.rows(); ++row) {
    for (int32_t col = 0; col < mask.cols(); ++col) {
      if (mask.at(row, col) == db::BlockState::Skipped) continue;
      const int64_t q = int64_t{row} * call.blockQ, k = int64_t{col} * call.blockK;
      const int64_t lastRow = (std::min(q + call.blockQ, call.qLen) - 1) / kBlock;
      const int64_t lastCol = (std::min(k + call.blockK, call.kvLen) - 1) / kBlock;
      for (int64_t r = q / kBlock; r <= lastRow; ++r)
        for (int64_t c = k / kBlock; c <= lastCol; ++c) kept[size_t(r * cols + c)] = 1;
    }
  }
  return kept;
}

class TraceMasks {
 public:
  TraceMasks(const db::TraceReader& reader, const ExchangeOptions& options) : m_reader(reader) {
    const int32_t heads = reader.run().nHeads;
    for (const db::AttnCall& call : reader.calls()) {
      if (call.kind == db::AttnKind::Cross || (options.step && call.step != *options.step)) continue;
      add(call, heads);
    }
    if (m_tensors.empty())
      db::refuseInput("cannot write block masks", "no attention call was recorded there",
                      "name a recorded --step");
  }

  [[nodiscard]] const db::TorchTensorMap& tensors() const { return m_tensors; }

  void report(LossReport& losses) const {
    const MaskTotals& t = m_totals;
    const auto add = [&](int64_t count, const char* what) {
      if (count > 0) losses.push_back(fmt::format("{}: {} heads of calls", what, count));
    };
    add(t.missing, "no mask was recorded, written as dense");
    add(t.partial, "blocks attended in part, written as whole");
    add(t.reordered, "the mask is over tokens in another order than the model's");
    if (t.keptBefore * t.blocksAfter != t.keptAfter * t.blocksBefore)
      losses.push_back(fmt::format("block size: joined into {0} x {0}, density {1:.4g} -> {2:.4g}", kBlock,
                                   double(t.keptBefore) / double(t.blocksBefore),
                                   double(t.keptAfter) / double(t.blocksAfter)));
  }

 private:
  void add(const db::AttnCall& call, int32_t heads) {
    const int64_t rows = (call.qLen + kBlock - 1) / kBlock, cols = (call.kvLen + kBlock - 1) / kBlock;
    std::vector<double> types(size_t(heads), 0), masks;
    int64_t count = 0, named = 0;
    for (const db::HeadRow& row :
         m_reader.heads({.step = call.step, .layer = call.layer, .branch = call.branch})) {
      const std::optional<db::BlockMask> mask = m_reader.mask(call.id, row.head);
      const bool dense = !mask || mask->keptCount() == int64_t{mask->rows()} * mask->cols();
      named += 1;
      if (!dense) types[size_t(row.head)] = double(++count);
      m_totals.missing += !mask && !(row.stats.densityQk == 1) ? 1 : 0;
      if (dense) continue;
      m_blocks += rows * cols;
      if (m_blocks > kMostBlocks)
        db::refuseInput("cannot write block masks", fmt::format("they have over {} blocks", kMostBlocks),
                        "write one step at a time with --step");
      const std::vector<double> kept = regrid(*mask, call, rows, cols);
      tally(*mask, kept, row);
      masks.insert(masks.end(), kept.begin(), kept.end());
    }
    m_totals.missing += heads - named;
    put(call, "head_mask_type", db::TorchDType::I32, {heads}, std::move(types));
    put(call, "streaming_info", db::TorchDType::I32, {2 * int64_t{heads}},
        std::vector<double>(size_t(heads) * 2, 0));
    put(call, "base_blockmask", db::TorchDType::Bool, {1, count, rows, cols}, std::move(masks));
  }

  void tally(const db::BlockMask& mask, const std::vector<double>& kept, const db::HeadRow& row) {
    m_totals.partial += mask.partialWords().empty() ? 0 : 1;
    m_totals.reordered += row.decision.order != db::TokenOrder::FrameMajor ? 1 : 0;
    m_totals.blocksBefore += int64_t{mask.rows()} * mask.cols();
    m_totals.keptBefore += mask.keptCount();
    m_totals.blocksAfter += int64_t(kept.size());
    m_totals.keptAfter += std::ranges::count(kept, 1.0);
  }

  void put(const db::AttnCall& call, const char* array, db::TorchDType dtype, std::vector<int64_t> shape,
           std::vector<double> values) {
    m_tensors[nameOf(call, array)] = {dtype, std::move(shape), std::move(values)};
  }

  const db::TraceReader& m_reader;
  db::TorchTensorMap m_tensors;
  MaskTotals m_totals;
  int64_t m_blocks = 0;
};

void writeTraceMasks(const db::TraceReader& reader, const ExchangeOptions& options,
                     const std::filesystem::path& path, LossReport& report) {
  const TraceMasks masks(reader, options);
  db::writeTensorMap(path, masks.tensors());
  masks.report(report);
}

void refuseConfig(const db::SparsityConfig&, const ExchangeOptions&, const std::filesystem::path&,
                  LossReport&) {
  db::refuseInput("cannot write block masks", "a configuration names methods, which find masks in the data",
                  "record a run with ditscope collect --config and export its trace");
}

class MaskReader {
 public:
  explicit MaskReader(const ExchangeInput& input)
      : m_input(input),
        m_value(db::parseTorchFile(std::as_bytes(std::span(input.bytes)), input.name)),
        m_choices(*input.like) {
    const auto* dict = m_value.as<db::TorchValue::Dict>();
    if (dict == nullptr) fail("it holds no dictionary");
    for (const db::TorchEntry& entry : *dict) {
      const auto* name = entry.key.as<std::string>();
      const auto* tensor = entry.value.as<db::TorchTensor>();
      if (name != nullptr && tensor != nullptr) m_tensors[*name] = tensor;
    }
  }

  db::SparsityConfig config(LossReport& report) {
    int64_t calls = 0, masks = 0;
    const db::SparsityConfig& like = *m_input.like;
    for (int32_t step = 0; step < like.steps; ++step) {
      for (int32_t layer = 0; layer < like.model.layers; ++layer) {
        for (const db::Branch branch : {db::Branch::Cond, db::Branch::Uncond}) {
          const std::string call = fmt::format("step.{}.layer.{}.{}.", step, layer, db::nameOf(branch));
          if (!m_tensors.contains(call + "head_mask_type")) continue;
          ++calls;
          masks += readCall(call, {step, layer, 0, branch});
        }
      }
    }
    if (calls == 0) fail("it has no head_mask_type of the steps and layers of --like");
    if (masks > 0) report.push_back(fmt::format("masks: {} become a density, which blocks is lost", masks));
    const int64_t missing = int64_t{2} * like.steps * like.model.layers - calls;
    if (missing > 0) report.push_back(fmt::format("not in the file and dense: {} calls", missing));
    return m_choices.config();
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    refuseImport(m_input, why, "give arrays named like step.0.layer.0.cond.head_mask_type");
  }

  const db::TorchTensor& tensor(const std::string& name) const {
    const auto found = m_tensors.find(name);
    if (found == m_tensors.end()) fail(fmt::format("it has no {}", name));
    return *found->second;
  }

  int64_t readCall(const std::string& call, db::Cell cell) {
    const std::vector<double>& types = tensor(call + "head_mask_type").values;
    const db::TorchTensor& base = tensor(call + "base_blockmask");
    const std::vector<double>& info = tensor(call + "streaming_info").values;
    if (types.size() != size_t(m_input.like->model.heads) || info.size() != 2 * types.size())
      fail(fmt::format("{}head_mask_type is not for {} heads", call, m_input.like->model.heads));
    if (base.shape.size() != 4 || base.shape[0] != 1)
      fail(call + "base_blockmask is not [1, masks, rows, cols]");
    const auto count = base.shape[1];
    const size_t blocks = count > 0 ? base.values.size() / size_t(count) : 0;
    int64_t masks = 0;
    for (; cell.head < int32_t(types.size()); ++cell.head) {
      const double type = types[size_t(cell.head)];
      if (type == 0) continue;  // dense
      if (type == -1) {
        const double local = info[2 * size_t(cell.head) + 1];
        if (!(local >= 0 && local <= 1e6)) fail(call + "streaming_info has no count of blocks");
        m_choices.setBranch(cell,
                            {.method = "window", .parameters = {{"tokens", std::max(local, 1.0) * kBlock}}});
        continue;
      }
      if (!(type >= 1 && type <= double(count)) || type != std::floor(type) || blocks == 0)
        fail(fmt::format("{}head_mask_type has {} of {} masks", call, type, count));
      const auto first = base.values.begin() + (int64_t(type) - 1) * int64_t(blocks);
      const auto kept =
          double(std::count_if(first, first + int64_t(blocks), [](double b) { return b != 0; }));
      const double density = std::max(std::round(kept / double(blocks) * 1e4) / 1e4, 0.001);
      m_choices.setBranch(cell, {.method = "topk", .parameters = {{"density", density}}});
      ++masks;
    }
    return masks;
  }

  const ExchangeInput& m_input;
  db::TorchValue m_value;
  std::map<std::string, const db::TorchTensor*> m_tensors;
  ImportedChoices m_choices;
};

}  // namespace

ExchangeFormat blockMaskExchange() {
  return {
      .name = "block-mask",
      .help = "mask arrays of Block-Sparse-Attention, of a recorded run (torch.save)",
      .extension = ".pt",
      .write = refuseConfig,
      .read = [](const ExchangeInput& input, LossReport& report) { return MaskReader(input).config(report); },
      .writeTrace = writeTraceMasks};
}

}  // namespace ditscope::analyzer
