// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/offline.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "analyzer/statistics.h"
#include "analyzer/tune/reuse.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

using Recordings = std::vector<std::unique_ptr<DenseRecording>>;

Recordings openAll(const std::vector<std::string>& files, bool check) {
  Recordings all;
  for (const std::string& file : files) {
    all.push_back(
        std::make_unique<DenseRecording>(file, db::OpenOptions{.quickCheck = check, .cancelled = {}}));
    checkAlike(all.front()->file(), all.front()->run(), file, all.back()->run());
    if (all.back()->heads() != all.front()->heads())
      throw db::Error(db::Error::Kind::BadInput, file,
                      "it has other heads or branches than " + all.front()->file(),
                      "record both with guidance, or both without");
  }
  return all;
}

void addReuse(const DenseRecording& recording, MassEvaluator& evaluator, const SettingsQuery& query,
              HeadEvidence& evidence) {
  const db::Run& run = recording.run();
  const double recall = query.recalls.front();
  evidence.reusableSteps = typicalReuse(evaluator, run.nSteps, query.denseSteps, recall);
  const std::vector<std::vector<float>> lse = recording.lseBlocks(evidence.key);
  evidence.reusableLseSteps = typicalOver(run.nSteps, query.denseSteps, [&](int32_t source) {
    return reusableLse(lse, run.seqLen, run.blockQ, source, recall);
  });
}

HeadEvidence evidenceOf(const Recordings& recordings, const HeadKey& key, const OfflineQuery& query,
                        const std::vector<db::MethodChoice>& uniform) {
  HeadEvidence evidence{.key = key, .byRecording = {}};
  std::vector<db::MethodChoice> settings{db::MethodChoice{}};
  settings.insert(settings.end(), uniform.begin(), uniform.end());
  Summary ns;
  for (const auto& recording : recordings) {
    const HeadMasses masses = recording->masses(key);
    MassEvaluator evaluator(masses, query.settings.denseSteps);
    if (evidence.byRecording.empty() && query.ownSettings) {
      const int32_t steps = recording->run().nSteps;
      for (db::MethodChoice& own : ownSettings(evaluator, steps, query.settings))
        settings.push_back(std::move(own));
      if (!query.settings.recalls.empty()) addReuse(*recording, evaluator, query.settings, evidence);
    }
    std::vector<Candidate>& candidates = evidence.byRecording.emplace_back();
    for (const db::MethodChoice& setting : settings) candidates.push_back(evaluator.evaluate(setting));
    ns.add(recording->timeNs(key, query.settings.denseSteps));
  }
  evidence.denseNs = ns.mean();
  return evidence;
}

}  // namespace

std::vector<HeadEvidence> offlineCandidates(const std::vector<std::string>& files, const OfflineQuery& query,
                                            const Progress& progress) {
  const Recordings first = openAll(files, true);
  const std::vector<HeadKey> heads = first.front()->heads();
  const std::vector<db::MethodChoice> uniform = uniformSettings(first.front()->run(), query.settings);
  std::vector<HeadEvidence> all(heads.size());
  std::atomic<size_t> next{0}, done{0};
  std::atomic<bool> stopped{false};
  std::mutex mutex;  // of progress and failure
  std::exception_ptr failure;
  const auto work = [&](const Recordings& recordings) {
    for (size_t i = next++; i < heads.size() && !stopped; i = next++) {
      all[i] = evidenceOf(recordings, heads[i], query, uniform);
      const std::lock_guard lock(mutex);
      if (progress && !stopped && !progress(int64_t(++done), int64_t(heads.size()))) throw db::Cancelled();
    }
  };
  const auto guarded = [&](const Recordings* recordings) {
    try {
      if (recordings != nullptr)
        work(*recordings);
      else
        work(openAll(files, false));
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      stopped = true;
    }
  };
  std::vector<std::thread> others;
  for (int32_t i = 1; i < query.threads; ++i) others.emplace_back(guarded, nullptr);
  guarded(&first);
  for (std::thread& other : others) other.join();
  if (failure) std::rethrow_exception(failure);
  return all;
}

HeadCandidates combine(const HeadEvidence& evidence, Over over, int32_t leftOut) {
  HeadCandidates all{.key = evidence.key, .candidates = {}};
  double count = 0;
  for (size_t r = 0; r < evidence.byRecording.size(); ++r) {
    if (int32_t(r) == leftOut) continue;
    const std::vector<Candidate>& of = evidence.byRecording[r];
    ++count;
    if (all.candidates.empty()) {
      all.candidates = of;
      continue;
    }
    for (size_t c = 0; c < of.size(); ++c) {
      Candidate& to = all.candidates[c];
      const auto join = [&](double Candidate::*figure, bool lowIsWorse) {
        double& value = to.*figure;
        const double other = of[c].*figure;
        if (over == Over::Mean)
          value += (other - value) / count;
        else
          value = lowIsWorse ? std::min(value, other) : std::max(value, other);
      };
      join(&Candidate::recall, true);
      join(&Candidate::recallP05, true);
      join(&Candidate::densityQk, false);
      join(&Candidate::densityPv, false);
      join(&Candidate::error, false);
    }
  }
  return all;
}

}  // namespace ditscope::analyzer
