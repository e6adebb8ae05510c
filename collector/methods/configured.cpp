// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/configured.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "collector/methods/head_selection.h"
#include "collector/methods/joined_launches.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

using HeadList = std::vector<int64_t>;

struct Makers {
  db::ConfigTable table;
  std::map<std::string, MethodMaker> byText;
  std::map<const db::MethodChoice*, const MethodMaker*> of;  // choices of the table
};

class Configured final : public Method {
 public:
  Configured(std::shared_ptr<const Makers> makers, const SamplingPlan& plan)
      : m_makers(std::move(makers)), m_plan(plan) {}

  Plan plan(const MethodCall& call) override {
    m_groups = groupsOf(call);
    Plan all{
        .kind = "dense", .launches = {}, .decisions = std::vector<db::HeadDecision>(size_t(call.heads()))};
    for (Group& group : m_groups) add(planGroup(call, group), group.heads, all);
    all.launches = joinLaunches(std::move(all.launches), call);
    return all;
  }

  void observe(const MethodCall& call, MethodResult& result) override {
    for (const Group& group : m_groups) {
      if (!group.observes) continue;
      // Masses that another group asked for are of this group's kept blocks alone, and would mislead it.
      MethodResult part{selectHeads(result.out, 0, group.heads), selectHeads(result.lse, 0, group.heads),
                        group.wantMass ? selectHeads(result.mass, 0, group.heads) : at::Tensor(),
                        group.wantGaps ? selectHeads(result.gaps, 0, group.heads) : at::Tensor()};
      const at::Tensor before = part.out;
      group.member->method->observe(sub(call, group.heads), part);
      if (part.out.is_same(before)) continue;
      if (int64_t(group.heads.size()) == call.heads()) {
        result.out = part.out;
      } else {
        result.out = result.out.index_copy(0, indexOn(result.out.device(), group.heads), part.out);
      }
    }
  }

 private:
  struct Member {  // plans some heads of a layer
    std::unique_ptr<Method> method;
    struct Sparse {
      Plan plan;
      int step = -1;
    };
    std::map<db::Branch, Sparse> last;
  };
  struct Group {  // of one call
    const MethodMaker* maker = nullptr;
    db::StepKind kind = db::StepKind::Sparse;
    HeadList heads;
    Member* member = nullptr;
    bool observes = false, wantMass = false, wantGaps = false;
  };
  using MemberKey = std::tuple<const MethodMaker*, int, HeadList>;

  static MethodCall sub(const MethodCall& call, const HeadList& heads) {
    MethodCall part = call;
    part.q = selectHeads(call.q, 0, heads);
    part.k = selectHeads(call.k, 0, heads);
    part.v = selectHeads(call.v, 0, heads);
    return part;
  }

  std::vector<Group> groupsOf(const MethodCall& call) {
    std::vector<Group> groups;
    for (int32_t head = 0; head < call.heads(); ++head) {
      const db::Cell cell{call.step, call.layer, head, call.branch};
      const MethodMaker* maker = m_makers->of.at(&m_makers->table.resolve(cell));
      const db::StepKind kind = m_makers->table.kindOf(cell);
      auto group =
          std::ranges::find_if(groups, [&](const Group& g) { return g.maker == maker && g.kind == kind; });
      if (group == groups.end()) group = groups.insert(group, {.maker = maker, .kind = kind, .heads = {}});
      group->heads.push_back(head);
    }
    for (Group& group : groups) group.member = &memberOf(call.layer, group);
    return groups;
  }

  Member& memberOf(int layer, const Group& group) {
    Member& member = m_members[{group.maker, layer, group.heads}];
    if (member.method == nullptr) {
      SamplingPlan plan = m_plan;
      plan.heads = int(group.heads.size());
      for (int step = 0; step < plan.steps(); ++step) {
        const db::Cell cell{step, layer, int32_t(group.heads.front()), db::Branch::Cond};
        plan.denseSteps.push_back(m_makers->table.kindOf(cell) == db::StepKind::Dense);
      }
      member.method = (*group.maker)(plan);
    }
    return member;
  }

  static Plan planGroup(const MethodCall& call, Group& group) {
    Member::Sparse& last = group.member->last[call.branch];
    if (group.kind == db::StepKind::Reuse && last.step >= 0) {
      Plan again = last.plan;
      again.kind = "reuse";
      for (db::HeadDecision& decision : again.decisions) {
        if (decision.sourceStep < 0) decision.sourceStep = last.step;
      }
      return again;
    }
    group.observes = true;
    Plan plan = group.member->method->plan(sub(call, group.heads));
    group.wantMass = plan.wantMass;
    group.wantGaps = plan.wantGaps;
    const bool dense = std::ranges::all_of(plan.launches, &Launch::computesAll);
    if (group.kind == db::StepKind::Dense && !dense) {
      return {.kind = "dense", .decisions = {{.choice = "dense"}}};
    }
    for (db::HeadDecision& decision : plan.decisions) decision.method = group.member->method->name;
    const auto given = [](const Launch& launch) { return launch.output.defined(); };
    if (!dense && std::ranges::none_of(plan.launches, given)) last = {plan, call.step};
    return plan;
  }

  // The strongest word of the groups: a call that searches anywhere is a search.
  static std::string strongest(const std::string& a, const std::string& b) {
    for (const char* kind : {"search", "sparse", "reuse"}) {
      if (a == kind || b == kind) return kind;
    }
    return "dense";
  }

  static void add(Plan part, const HeadList& heads, Plan& all) {
    for (Launch& launch : part.launches) {
      HeadList places = launch.heads.empty() ? heads : HeadList();
      for (const int64_t head : launch.heads) places.push_back(heads[size_t(head)]);
      launch.heads = std::move(places);
      all.launches.push_back(std::move(launch));
    }
    for (size_t i = 0; i < heads.size() && !part.decisions.empty(); ++i) {
      all.decisions[size_t(heads[i])] =
          part.decisions.size() == 1 ? part.decisions.front() : part.decisions[i];
    }
    all.kind = strongest(all.kind, part.kind);
    all.wantMass = all.wantMass || part.wantMass;
    all.wantGaps = all.wantGaps || part.wantGaps;
  }

  std::shared_ptr<const Makers> m_makers;
  SamplingPlan m_plan;
  std::map<MemberKey, Member> m_members;
  std::vector<Group> m_groups;  // of the call between plan() and observe()
};

std::string valueText(const db::ParameterValue& value) {
  if (const bool* on = std::get_if<bool>(&value)) return *on ? "on" : "off";
  if (const double* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  return std::get<std::string>(value);
}

MethodMaker makerAt(const std::string& text, const std::string& place) {
  try {
    return parseMethod(text);
  } catch (const db::Error& error) {  // <what> : <why> : <what to do>
    const std::string line = error.what();
    const size_t remedy = line.rfind(" : ");
    throw db::Error(db::Error::Kind::BadInput, place, line.substr(0, remedy), line.substr(remedy + 3));
  }
}

}  // namespace

std::string methodText(const db::MethodChoice& choice) {
  std::string text = choice.method;
  for (const auto& [key, value] : choice.parameters) {
    text += (text.size() == choice.method.size() ? ':' : ',') + key + '=' + valueText(value);
  }
  return text;
}

MethodMaker configuredMethod(const db::SparsityConfig& config, const std::string& what) {
  auto makers = std::make_shared<Makers>(Makers{db::ConfigTable(config), {}, {}});
  const auto addMaker = [&](const db::MethodChoice& choice, const std::string& place) {
    const std::string text = methodText(choice);
    if (!makers->byText.contains(text)) makers->byText[text] = makerAt(text, what + " " + place);
    makers->of[&choice] = &makers->byText[text];
  };
  const db::SparsityConfig& own = makers->table.config();
  addMaker(own.defaults, "/defaults");
  for (size_t i = 0; i < own.overrides.size(); ++i) {
    addMaker(own.overrides[i].choice, fmt::format("/overrides/{}", i));
  }
  return [makers](const SamplingPlan& plan) {
    auto method = std::make_unique<Configured>(makers, plan);
    method->name = "config";
    return method;
  };
}

void checkFits(const db::SparsityConfig& config, const std::string& what, const db::Run& run) {
  const auto check = [&what](const std::string& name, const auto& mine, const auto& theirs,
                             const std::string& remedy) {
    if (mine == theirs) return;
    throw db::Error(db::Error::Kind::BadInput, what,
                    fmt::format("it is for {} {}, not {}", name, mine, theirs), remedy);
  };
  const std::string model = "choose the model that it was made for";
  check("model", config.model.className, run.model, model);
  check("layers:", config.model.layers, run.nLayers, model);
  check("heads:", config.model.heads, run.nHeads, model);
  check("tokens:", config.model.tokens, run.seqLen, "give the --size that it was made for");
  check("steps:", config.steps, run.nSteps, fmt::format("give --steps {}", config.steps));
  check("blocks of", config.blockQ, run.blockQ, fmt::format("give --block {}", config.blockQ));
}

}  // namespace ditscope::collector
