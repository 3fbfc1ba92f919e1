// What a reader expects of a product of another team, which products end, and whether promises can hold at all.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compiler/check/closest.h"
#include "compiler/check/context.h"
#include "compiler/check/reach.h"
#include "compiler/check/relations.h"
#include "runtime/base/overloaded.h"
#include "runtime/data/time_text.h"
#include "runtime/data/value.h"
#include "runtime/report/life_findings.h"
#include "runtime/report/promise_findings.h"

namespace braid::checking {
namespace {

std::string length(int64_t us) {
  return to_literal(duration_type(), Value{us});
}

// ---- expectations

std::vector<std::vector<std::string>> names_of(Context& context, const Row& row, const std::vector<ast::Path>& paths) {
  std::vector<std::vector<std::string>> names;
  for (const ast::Path& path : paths) {
    find_path(context, row, path);  // reports what is not there
    std::vector<std::string>& one = names.emplace_back();
    for (const ast::Name& part : path.parts) one.push_back(part.text);
  }
  return names;
}

/// What one promise of an `expect` asks for; what is compared with no contract warns.
typed::Expectation expectation_of(Context& context, const Row& row, const ast::Promise& promise) {
  typed::Expectation made;
  typed::Promises& wanted = made.promises;
  std::visit(
      Overloaded{
          [&](const ast::Fresh& node) { wanted.fresh_us = context.length_of(node.within, "`fresh`"); },
          [&](const ast::Keep& node) { wanted.keep_us = context.length_of(node.duration, "`keep`"); },
          [&](const ast::Latency& node) {
            if (!check_quantile(context, node)) return;
            if (const auto below = context.length_of(node.below, "`latency`"))
              wanted.latencies.push_back({.quantile = node.quantile.text, .below_us = *below});
          },
          [&](const ast::Complete& node) {
            wanted.completes.push_back({.fields = names_of(context, row, node.fields), .percent = node.share.text});
          },
          [&](const ast::Volume& node) {
            if (const auto period = context.length_of(node.period, "`volume`"))
              wanted.volumes.push_back({.least = node.least.value, .most = node.most.value, .period_us = *period});
          },
          [&](const ast::Unique& node) {
            std::optional<int64_t> within;
            if (node.within && !(within = context.length_of(*node.within, "`unique`"))) return;
            made.uniques.push_back({.fields = names_of(context, row, node.fields), .within_us = within});
          },
          [&](const ast::Check& node) {
            if (!node.name.text.empty()) made.checks.push_back(node.name.text);
          },
          [&](const auto&) { context.not_watched(promise.span); },
      },
      promise.node);
  return made;
}

/// Checks by their names. One that only alerts keeps no row away, so nobody can rely on it.
void report_checks(Context& context, const typed::Relation& relation, const typed::Expectation& expected, Span span) {
  for (const std::string& name : expected.checks) {
    const auto found = std::ranges::find(relation.checks, name, &typed::Check::name);
    const bool is_there = found != relation.checks.end();
    if (is_there && found->otherwise != typed::Check::Otherwise::alert) continue;
    auto report =
        context.reporter.report(diag::NotPromised{.relation = relation.qualified(), .expected = "check " + name});
    report.at(span, "expected here");
    if (is_there) {
      report.also(relation.span, "its `check " + name + "` says `else alert`, and publishes the rows that break it");
      report.note("expect what is promised, or ask the owner of `" + relation.domain + "` for `else reject`");
      continue;
    }
    report.also(relation.span, relation.source ? "a source enforces no check" : "its contract has no such check");
    std::vector<std::string> names;
    for (const typed::Check& check : relation.checks)
      if (check.otherwise != typed::Check::Otherwise::alert) names.push_back(check.name);
    if (const auto meant = closest(name, names))
      report.fix(Applicability::likely, "use `check " + *meant + "`", {{span, "check " + *meant}});
    else if (!names.empty())
      report.note(fmt::format("checks that it enforces: {}", fmt::join(names, ", ")));
  }
}

void report_shortfall(Context& context, const typed::Relation& relation, const typed::Shortfall& shortfall, Span span) {
  auto report =
      context.reporter.report(diag::NotPromised{.relation = relation.qualified(), .expected = shortfall.expected});
  report.at(span, "expected here");
  report.also(relation.span, shortfall.promised.empty() ? "its contract says nothing of it"
                                                        : "it promises `" + shortfall.promised + "`");
  report.note("expect what is promised, or ask the owner of `" + relation.domain + "` to promise it");
}

/// The relation that a `use` brings in; null if there is none, which is reported where it is read.
const Declaration* used_relation(Context& context, const ast::Script& script, const ast::Use& use) {
  const Domain* domain = context.declarations.find_domain(domain_name(script));
  if (domain == nullptr || use.path.parts.empty()) return nullptr;
  const std::string name = use.as ? use.as->text : use.path.parts.back().text;
  const Declarations::FoundRelation found = context.declarations.find_relation({&script, domain}, name);
  const Declaration* declaration = nullptr;
  for (const Declaration* version : found.versions)
    if (!found.used_version || version->version == *found.used_version) declaration = version;
  return declaration;
}

void check_expectations(Context& context, const ast::Script& script, const ast::Use& use,
                        const Declaration& declaration) {
  const RelationInfo& info = need_relation(context, declaration, {});
  if (info.id < 0) return;
  const typed::Relation& relation = context.project.relations[static_cast<size_t>(info.id)];
  typed::ExpectedOf made{.domain = domain_name(script), .relation = info.id, .expects = {}, .span = use.path.span};
  for (const ast::Promise& promise : use.expects) {
    const typed::Expectation one = expectation_of(context, info.row, promise);
    for (const typed::Shortfall& shortfall :
         typed::shortfalls(one, relation.promises, typed::unique_promises(relation)))
      report_shortfall(context, relation, shortfall, promise.span);
    report_checks(context, relation, one, promise.span);
    if (relation.source && relation.kind == typed::RelationKind::table && !one.promises.completes.empty())
      context.not_watched(promise.span);
    typed::add(one, made.expects);
  }
  context.project.expectations.push_back(std::move(made));
}

// ---- products that end

/// The clause of that kind of a product or a source; null if it has none.
template <class Wanted>
const Wanted* stated(const Declaration& declaration) {
  if (const auto* product = std::get_if<ast::Product>(&declaration.item->node))
    return ast::find_clause<Wanted>(product->clauses);
  if (const auto* source = std::get_if<ast::Source>(&declaration.item->node))
    return ast::find_clause<Wanted>(source->clauses);
  return nullptr;
}

/// What a draft looks like may change with each publication.
void check_draft(Context& context, const ast::Script& script, const ast::Use& use, const Declaration& declaration) {
  if (stated<ast::Draft>(declaration) == nullptr || domain_name(script) == domain_name(*declaration.script)) return;
  context.reporter
      .report(diag::DraftIsRead{.relation = fmt::format("{} version {}", path_text(use.path), declaration.version)})
      .at(use.path.span, "read here")
      .also(declaration.name.span, "its owner says so here")
      .note("its fields, its key and its promises may change at any time, and nobody asks its readers before")
      .note("only a `draft` of `" + domain_name(script) + "` that stands on it can be published");
}

/// Its readers are told until the day; from then on it is not to be read.
void check_end(Context& context, const ast::Script& script, const ast::Use& use, const Declaration& declaration) {
  const auto* deprecated = stated<ast::Deprecated>(declaration);
  if (deprecated == nullptr || domain_name(script) == domain_name(*declaration.script)) return;
  const std::optional<int64_t> end = typed::end_of({.until = deprecated->until.text, .successor = {}});
  const std::string relation = fmt::format("{} version {}", path_text(use.path), declaration.version);
  const std::optional<int64_t> now = context.input.now_us;
  const bool ended = end && now && *now >= *end;
  auto report = ended
                    ? context.reporter.report(diag::ProductEnded{.relation = relation, .until = deprecated->until.text})
                    : context.reporter.report(diag::ProductEnds{.relation = relation, .until = deprecated->until.text});
  report.at(use.path.span, "read here").also(deprecated->until.span, "its owner says so here");
  if (end && now && !ended) {
    const int64_t days = (*end - *now + 86'399'999'999) / 86'400'000'000;
    report.note(days == 1 ? "1 day is left" : fmt::format("{} days are left", days));
  }
  if (deprecated->successor)
    report.note(
        fmt::format("`use {} version {}` reads its successor", path_text(use.path), deprecated->successor->value));
}

// ---- what can hold

/// How old the newest row of a relation gets before the next one comes, however steadily its inputs flow: a lower
/// bound. Parts add up.
struct Age {
  struct Part {
    int64_t us;
    std::string what;
  };
  std::vector<Part> parts;
  int64_t disorder_us = 0;  ///< that its time is behind its newest row
  int64_t total() const {
    int64_t sum = 0;
    for (const Part& part : parts) sum += part.us;
    return sum;
  }
};

/// How far apart the ends of windows are, where that is a fixed length, and how long they stay open.
std::optional<int64_t> wait_of(const typed::Window& window) {
  if (window.unit != typed::CalendarUnit::none) return std::nullopt;
  switch (window.kind) {
    case typed::WindowKind::tumbling:
    case typed::WindowKind::hopping:
    case typed::WindowKind::cumulative:
      return window.slide_us;
    case typed::WindowKind::session:
      return window.gap_us;
    case typed::WindowKind::span:
      return std::nullopt;
  }
  return std::nullopt;
}

const typed::Window* final_window(const typed::Step& step) {
  if (const auto* group = std::get_if<typed::GroupStep>(&step.content))
    return group->windowed && !group->changes ? &group->window : nullptr;
  if (const auto* top = std::get_if<typed::TopStep>(&step.content))
    return top->windowed && !top->changes ? &top->window : nullptr;
  return nullptr;
}

Age age_of(const typed::Project& project, typed::RelationId id, const std::string& reader_domain) {
  const typed::Relation& relation = project.relations[static_cast<size_t>(id)];
  Age age;
  const bool foreign = relation.domain != reader_domain;
  if (relation.source || foreign) {
    if (foreign && relation.promises.fresh_us)
      age.parts.push_back({*relation.promises.fresh_us, "that `" + relation.qualified() + "` promises"});
    age.disorder_us = relation.within_us;
    return age;
  }
  for (const typed::Step& step : relation.steps) {
    if (const auto* from = std::get_if<typed::FromStep>(&step.content))
      age = age_of(project, from->relation, reader_domain);
    const typed::Window* window = final_window(step);
    const std::optional<int64_t> wait = window == nullptr ? std::nullopt : wait_of(*window);
    if (wait) {
      const bool session = window->kind == typed::WindowKind::session;
      age.parts.push_back({*wait, session ? "until a session ends" : "from one window to the next"});
      if (age.disorder_us > 0) age.parts.push_back({age.disorder_us, "that rows may come late"});
      if (window->late_us > 0) age.parts.push_back({window->late_us, "that the window stays open longer"});
      age.disorder_us = 0;
    } else if (const auto* emit = std::get_if<typed::EmitStep>(&step.content)) {
      age.parts.push_back({emit->every_us, "between two emits"});
    }
  }
  if (relation.retimed) age.disorder_us = relation.within_us;
  return age;
}

void check_freshness(Context& context, const typed::Relation& relation, typed::RelationId id, Span span) {
  const Age age = age_of(context.project, id, relation.domain);
  if (age.total() <= *relation.promises.fresh_us) return;
  std::vector<std::string> sum;
  for (const Age::Part& part : age.parts) sum.push_back(length(part.us) + " " + part.what);
  context.reporter
      .report(diag::PromiseCannotHold{.promise = "fresh within " + length(*relation.promises.fresh_us),
                                      .least = length(age.total())})
      .at(span, "promised here")
      .note(fmt::format("{} = {}", fmt::join(sum, " + "), length(age.total())))
      .note("promise at least that, make the window shorter, or let its rows go out as they change: `emit changes`");
}

/// How long each row of a relation takes from its event time until it goes out, while its inputs flow and no row is of
/// the future: a lower bound.
Age delay_of(const typed::Project& project, typed::RelationId id, const std::string& reader_domain) {
  const typed::Relation& relation = project.relations[static_cast<size_t>(id)];
  Age delay;
  if (relation.source || relation.domain != reader_domain) {
    delay.disorder_us = relation.within_us;
    return delay;
  }
  bool waits = !relation.uniques.empty();
  for (const typed::Step& step : relation.steps) {
    if (const auto* from = std::get_if<typed::FromStep>(&step.content))
      delay = delay_of(project, from->relation, reader_domain);
    const typed::Window* window = final_window(step);
    waits |= window != nullptr || std::holds_alternative<typed::DistinctStep>(step.content) ||
             std::holds_alternative<typed::RunningStep>(step.content);
    if (window != nullptr && window->late_us > 0)
      delay.parts.push_back({window->late_us, "that the window stays open longer"});
  }
  // Time is told once: the rows of a step that has waited for it are in order.
  if (waits && delay.disorder_us > 0) {
    delay.parts.insert(delay.parts.begin(), {delay.disorder_us, "that rows may come late"});
    delay.disorder_us = 0;
  }
  if (relation.retimed) delay = {.parts = {}, .disorder_us = relation.within_us};
  return delay;
}

void check_latency(Context& context, const typed::Relation& relation, typed::RelationId id,
                   const ast::Latency& promised, Span span) {
  const Age delay = delay_of(context.project, id, relation.domain);
  for (const typed::LatencyPromise& latency : relation.promises.latencies) {
    if (latency.quantile != promised.quantile.text || delay.total() < latency.below_us) continue;
    std::vector<std::string> sum;
    for (const Age::Part& part : delay.parts) sum.push_back(length(part.us) + " " + part.what);
    context.reporter.report(diag::LatencyCannotHold{.promise = typed::text_of(latency), .least = length(delay.total())})
        .at(span, "promised here")
        .note(fmt::format("{} = {}", fmt::join(sum, " + "), length(delay.total())))
        .note("promise more than that, or let rows come less late: `time … within`");
  }
}

void check_bounds(Context& context, const Declaration& declaration) {
  const auto* product = std::get_if<ast::Product>(&declaration.item->node);
  const RelationInfo& info = context.relations[static_cast<size_t>(declaration.index)];
  if (product == nullptr || info.id < 0) return;
  const typed::Relation& relation = context.project.relations[static_cast<size_t>(info.id)];
  for (const ast::Clause& clause : product->clauses) {
    const auto* contract = std::get_if<ast::Contract>(&clause.node);
    if (contract == nullptr) continue;
    for (const ast::Promise& promise : contract->promises) {
      if (relation.promises.fresh_us && std::holds_alternative<ast::Fresh>(promise.node))
        check_freshness(context, relation, info.id, promise.span);
      if (const auto* latency = std::get_if<ast::Latency>(&promise.node))
        check_latency(context, relation, info.id, *latency, promise.span);
      if (const auto* volume = std::get_if<ast::Volume>(&promise.node))
        check_volume(context, relation, info.id, *volume, promise.span);
      if (relation.promises.state_bytes && std::holds_alternative<ast::StateLimit>(promise.node))
        check_state(context, relation, info.id, promise.span);
    }
  }
}

}  // namespace

void check_promises(Context& context, bool of_run) {
  const std::vector<uint32_t>& files = context.input.run_files;
  for (const ast::Script* script : context.input.scripts) {
    const bool is_of_run = files.empty() || std::ranges::find(files, script->span.file) != files.end();
    if (is_of_run != of_run) continue;
    for (const ast::Use& use : script->uses) {
      const Declaration* declaration = used_relation(context, *script, use);
      if (declaration == nullptr) continue;
      if (!use.expects.empty()) check_expectations(context, *script, use, *declaration);
      check_end(context, *script, use, *declaration);
      check_draft(context, *script, use, *declaration);
    }
  }
  for (const Declaration* declaration : context.declarations.relations())
    if (is_of_run(context, *declaration) == of_run) check_bounds(context, *declaration);
}

}  // namespace braid::checking
