#include "mesh/gate/definition_change.h"

#include <fmt/format.h>

#include <algorithm>

#include "mesh/definition/facts.h"

namespace braid::mesh {
namespace {

const Fact* of_kind(const std::vector<Fact>& facts, const std::string& kind) {
  const auto found = std::ranges::find(facts, kind, &Fact::kind);
  return found == facts.end() ? nullptr : &*found;
}

/// An interface with nothing but the fields, to be compared as products are.
Interface of_fields(const std::vector<Field>& fields) {
  Interface made;
  for (const Field& field : fields) made.fields.push_back({field.name, field.type, {}, {}});
  return made;
}

void compare_types(const Type& before, const Type& after, const std::string& name, std::vector<Change>& changes) {
  const bool structs = is(before, TypeKind::structure) && is(after, TypeKind::structure);
  const auto fields = [&](const Type& type) {
    return structs ? fields_of(type, name) : std::vector<Field>{{name, type}};
  };
  for (Change& change : changes_between(of_fields(fields(before)), of_fields(fields(after))))
    changes.push_back(std::move(change));
}

/// Whether each call that fits the signature before fits the one after, and gives the same type.
bool takes_all_calls(const Fact& before, const Fact& after) {
  if (before.generics != after.generics || before.result != after.result || before.fails != after.fails ||
      before.parameters.size() > after.parameters.size())
    return false;
  for (size_t i = 0; i < after.parameters.size(); ++i) {
    const ParameterFact& now = after.parameters[i];
    if (i >= before.parameters.size()) {
      if (now.initial.empty()) return false;
      continue;
    }
    const ParameterFact& was = before.parameters[i];
    if (was.name != now.name || was.type != now.type || (now.initial.empty() && !was.initial.empty())) return false;
  }
  return true;
}

void compare(const Fact& before, const Fact& after, const std::string& name, std::vector<Change>& changes) {
  if (before.kind == "type") return compare_types(before.type, after.type, name, changes);
  const std::string was = before.signature(), now = after.signature();
  if (before.kind == "service") {
    // An answer is compared by its fields; what is asked is a signature.
    if (before.parameters != after.parameters) changes.push_back({ChangeKind::signature_changed, name, was, now});
    compare_types(before.type, after.type, name, changes);
  } else if (was != now) {
    changes.push_back({takes_all_calls(before, after) ? ChangeKind::signature_widened : ChangeKind::signature_changed,
                       name, was, now});
  }
  if (before.state != after.state) changes.push_back({ChangeKind::state_changed, name, before.state, after.state});
  if (before.body != after.body && changes.empty()) changes.push_back({ChangeKind::body_changed, name, "", ""});
}

bool is_below(std::string_view path, std::string_view above) {
  return path.starts_with(above) &&
         (path.size() == above.size() || path[above.size()] == '.' || path[above.size()] == '[');
}

bool uses(const KnownReader& user, std::string_view path) {
  return std::ranges::any_of(user.fields,
                             [&](const std::string& used) { return is_below(path, used) || is_below(used, path); });
}

struct Judgement {
  Weight weight = Weight::none;
  std::string why;
};

Judgement judge(const KnownReader& user, const Change& change) {
  const bool used = uses(user, change.where);
  const auto if_used = [&](Weight weight, std::string why) {
    return used ? Judgement{weight, std::move(why)} : Judgement{};
  };
  const std::string names = fmt::format("it uses `{}`", change.where);
  switch (change.kind) {
    case ChangeKind::definition_gone:
      return {Weight::breaks, names};
    case ChangeKind::field_gone:
    case ChangeKind::symbol_gone:
    case ChangeKind::symbols_reordered:
      return if_used(Weight::breaks, names);
    case ChangeKind::type_changed:
    case ChangeKind::type_widened:
    case ChangeKind::type_narrowed:
      return if_used(Weight::breaks, fmt::format("it uses `{}` as `{}`", change.where, change.before));
    case ChangeKind::became_optional:
      return if_used(Weight::breaks, fmt::format("it uses `{}`, and does not handle null", change.where));
    case ChangeKind::became_required:
      return if_used(Weight::notice, fmt::format("it may give `{}` a null", change.where));
    case ChangeKind::symbol_added:
      if (std::ranges::find(user.exhaustive, change.where) != user.exhaustive.end())
        return {Weight::breaks, fmt::format("its `case` of `{}` names each symbol and has no `else`", change.where)};
      return if_used(Weight::notice, names);
    case ChangeKind::field_added:
      return {Weight::notice, "a value of the type that it makes needs the field"};
    case ChangeKind::signature_changed:
      return {Weight::breaks, fmt::format("it calls `{}` as it was", change.where)};
    case ChangeKind::state_changed:
      return {Weight::breaks, "the state that its job holds has the fields before"};
    case ChangeKind::body_changed:
      return {Weight::notice, "it gets other values when it moves its pin"};
    default:
      return {};
  }
}

void add_ways_out(const Definition& before, Verdict& verdict) {
  if (!verdict.breaks()) return;
  verdict.ways_out.push_back(
      fmt::format("keep `{}` as it is, and publish the new form under another name", before.name));
  for (const Effect& effect : verdict.effects)
    if (effect.weight == Weight::breaks && verdict.changes[effect.change].kind == ChangeKind::signature_changed) {
      verdict.ways_out.emplace_back("give a new parameter a default, behind the others");
      return;
    }
}

}  // namespace

std::vector<Change> changes_between(const Definition& before, const Definition& after) {
  std::vector<Change> made;
  const std::vector<Fact> old = facts_of(before), now = facts_of(after);
  for (const Fact& fact : old)
    if (of_kind(now, fact.kind) == nullptr) made.push_back({ChangeKind::definition_gone, before.name, fact.kind, ""});
  for (const Fact& fact : now)
    if (of_kind(old, fact.kind) == nullptr) made.push_back({ChangeKind::definition_added, after.name, "", fact.kind});
  for (const Fact& fact : old)
    if (const Fact* other = of_kind(now, fact.kind)) {
      std::vector<Change> changes;
      compare(fact, *other, before.name, changes);
      std::ranges::move(changes, std::back_inserter(made));
    }
  if (made.empty() && before != after) made.push_back({ChangeKind::text_changed, before.name, "", ""});
  return made;
}

Verdict judge(const Definition& before, const Definition& after, const std::vector<KnownReader>& users) {
  Verdict verdict{.changes = changes_between(before, after), .effects = {}, .ways_out = {}};
  for (size_t i = 0; i < verdict.changes.size(); ++i)
    for (const KnownReader& user : users) {
      Judgement one = judge(user, verdict.changes[i]);
      if (one.weight != Weight::none)
        verdict.effects.push_back({i, user.name, user.owner, one.weight, std::move(one.why)});
    }
  add_ways_out(before, verdict);
  return verdict;
}

Verdict judge_removal(const Definition& before, const std::vector<KnownReader>& users) {
  Verdict verdict{
      .changes = {{ChangeKind::definition_gone, before.name, before.kind(), ""}}, .effects = {}, .ways_out = {}};
  for (const KnownReader& user : users)
    verdict.effects.push_back({0, user.name, user.owner, Weight::breaks, fmt::format("it uses `{}`", before.name)});
  return verdict;
}

KnownReader user_of_all(const Definition& definition) {
  KnownReader made{.name = "a user of all of it", .domain = {}, .owner = {}};
  made.fields.push_back(definition.name);
  for (const Fact& fact : facts_of(definition)) {
    if (fact.type == nullptr) continue;
    for (const Field& field : fields_of(fact.type, definition.name)) {
      made.fields.push_back(field.name);
      add_enums(field.name, field.type, made.exhaustive);
    }
  }
  return made;
}

}  // namespace braid::mesh
