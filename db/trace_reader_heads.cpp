// SPDX-License-Identifier: Apache-2.0
// The reader's heads: their scalars and what the sparsity method decided for them.
#include <algorithm>
#include <string>

#include "db/head_blob.h"
#include "db/trace_reader_impl.h"

namespace ditscope::db {
namespace {

constexpr int kDecisionsSince = 2;  // schema version

std::string headsQuery(int version) {
  const char* const decision = version < kDecisionsSince
                                   ? "NULL, NULL, NULL, NULL, NULL, NULL"
                                   : "method_id, choice_id, budget, threshold, source_step, h.token_order";
  return std::string(
             "SELECT h.call_id, c.step_idx, c.layer_idx, h.head, c.branch, density_qk, density_pv,"
             " recall_mean, recall_p01, recall_p05, row_entropy, mask_drift, lse_mean, lse_std, lse_min,"
             " lse_max, lse_drift_mean, lse_drift_p50, lse_drift_p90, lse_drift_signed, lse_empty_rows,"
             " error_l1, time_ns, time_method, c.token_order, ") +
         decision +
         " FROM attn_call c JOIN attn_head h ON h.call_id = c.id"
         " WHERE (?1 IS NULL OR c.step_idx = ?1) AND (?2 IS NULL OR c.layer_idx = ?2)"
         " AND (?3 IS NULL OR h.head = ?3) AND (?4 IS NULL OR c.branch = ?4)"
         " ORDER BY c.step_idx, c.layer_idx, c.branch, c.id, h.head";
}

void readPlace(Rows& row, HeadRow& head) {
  head.callId = row.integer();
  head.step = row.count();
  head.layer = row.count();
  head.head = row.count();
  row.require(head.head < kMaxHeads, "a head has a higher number than possible");
  head.branch = row.named<Branch>();
}

void readStats(Rows& row, HeadStats& s) {
  for (float* fraction : {&s.densityQk, &s.densityPv, &s.recallMean, &s.recallP01, &s.recallP05}) {
    *fraction = row.fraction();
  }
  s.rowEntropy = row.real32();
  s.maskDrift = row.fraction();
  for (float* value : {&s.lseMean, &s.lseStd, &s.lseMin, &s.lseMax, &s.lseDriftMean, &s.lseDriftP50,
                       &s.lseDriftP90, &s.lseDriftSigned}) {
    *value = row.real32();
  }
  s.lseEmptyRows = row.count();
  s.errorL1 = row.real32();
  s.timeNs = row.size();
  s.timeMethod = row.numbered<TimeMethod>();
}

}  // namespace

const std::string& TraceReader::Impl::nameOfId(std::optional<int64_t> id) {
  static const std::string none;
  if (!id) return none;
  const auto [place, isNew] = names.try_emplace(*id);
  if (isNew) {
    Rows row = rows("SELECT value FROM string WHERE id = ?");
    row.bindAll(*id);
    row.require(row.next(), "a head refers to a name that is missing");
    place->second = row.text();
    // The same name is copied into every head that has it.
    row.require(place->second.size() <= kMaxNameBytes, "the name of a method or choice is too long");
  }
  return place->second;
}

std::vector<HeadRow> TraceReader::heads(const HeadFilter& filter) const {
  Rows row = m_impl->rows(headsQuery(m_impl->trace.version));
  std::optional<std::string_view> branch;
  if (filter.branch) branch = nameOf(*filter.branch);
  row.bindAll(filter.step, filter.layer, filter.head, branch);
  std::vector<HeadRow> heads;
  if (!filter.step && !filter.layer && !filter.head && !filter.branch) {
    constexpr int64_t kMostReserved = 1 << 20;  // a file's word is not trusted further
    heads.reserve(
        size_t(std::min(m_impl->trace.connection.queryInt("SELECT count(*) FROM attn_head"), kMostReserved)));
  }
  while (row.next()) {
    HeadRow& head = heads.emplace_back();
    readPlace(row, head);
    readStats(row, head.stats);
    HeadDecision& d = head.decision;
    d.order = row.named<TokenOrder>();
    d.method = m_impl->nameOfId(row.optionalInteger());
    d.choice = m_impl->nameOfId(row.optionalInteger());
    d.budget = row.fraction();
    d.threshold = row.real32();
    const int64_t source = row.optionalInteger().value_or(-1);
    row.require(source >= -1 && source <= head.step, "a head reuses what a later step made");
    d.sourceStep = int32_t(source);
    if (const auto own = row.optionalNumbered<TokenOrder>()) d.order = *own;
  }
  return heads;
}

}  // namespace ditscope::db
