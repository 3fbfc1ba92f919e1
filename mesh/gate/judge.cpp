#include "mesh/gate/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "runtime/base/check.h"

namespace braid::mesh {
namespace {

bool is_below(std::string_view path, std::string_view above) {
  return path.starts_with(above) &&
         (path.size() == above.size() || path[above.size()] == '.' || path[above.size()] == '[');
}

/// The field is read, or something in it, or it as a part of a whole that is read.
bool uses(const KnownReader& reader, std::string_view path) {
  return std::ranges::any_of(reader.fields,
                             [&](const std::string& used) { return is_below(path, used) || is_below(used, path); });
}

struct Judgement {
  Weight weight = Weight::none;
  std::string why;
};
Judgement broken(std::string why) {
  return {Weight::breaks, std::move(why)};
}
Judgement notice(std::string why) {
  return {Weight::notice, std::move(why)};
}

/// Whether the reader's `expect` is one that the contract no longer covers. `after` is the new contract.
Judgement promise_to(const KnownReader& reader, const Change& change, const Interface& after) {
  for (const typed::Shortfall& one : typed::shortfalls(reader.expects, after.promises, after.uniques))
    if (one.kind == change.promise && one.where == change.where)
      return broken(fmt::format("it expects `{}`, which is no longer promised", one.expected));
  return change.promise == PromiseKind::state ? Judgement{} : notice("the contract promises less");
}

/// By its domain; whether a grant for a purpose is enough, is for the reader's own check to say.
bool may_read(const KnownReader& reader, const Interface& interface) {
  if ((interface.allows.empty() && interface.access.rows.empty()) || reader.granted) return true;
  const auto names = [&](const auto& clause) {
    return std::ranges::any_of(
        clause.readers, [&](const std::string& one) { return one == "anyone" || one == "domain " + reader.domain; });
  };
  return std::ranges::any_of(interface.allows, names) || std::ranges::any_of(interface.access.rows, names);
}

Judgement of_reader(const KnownReader& reader, const Change& change, const Interface& after) {
  const bool used = uses(reader, change.where);
  switch (change.kind) {
    case ChangeKind::product_gone:
      return broken("it reads the product");
    case ChangeKind::field_gone:
      return used ? broken(fmt::format("it reads `{}`", change.where)) : Judgement{};
    case ChangeKind::type_changed:
    case ChangeKind::type_widened:
    case ChangeKind::type_narrowed:
      return used ? broken(fmt::format("it reads `{}` as `{}`", change.where, change.before)) : Judgement{};
    case ChangeKind::became_optional:
      return used ? broken(fmt::format("it reads `{}`, and does not handle null", change.where)) : Judgement{};
    case ChangeKind::symbol_added:
      if (!used) return {};
      if (std::ranges::find(reader.exhaustive, change.where) != reader.exhaustive.end())
        return broken(fmt::format("its `case` of `{}` names each symbol and has no `else`", change.where));
      return notice(fmt::format("it reads `{}`; deploy it again before rows have the symbol", change.where));
    case ChangeKind::symbol_gone:
    case ChangeKind::symbols_reordered:
      return used ? broken(fmt::format("it reads `{}`", change.where)) : Judgement{};
    case ChangeKind::kind_changed:
      return broken("it reads the product as what it was");
    case ChangeKind::key_changed:
      if (reader.reads_key) return broken("it relies on the key");
      return change.before.empty() ? Judgement{} : notice("the rows have another key");
    case ChangeKind::time_changed:
      return reader.reads_time ? broken("it goes by event time") : notice("the rows have another event time");
    case ChangeKind::disorder_raised:
      return reader.reads_time ? broken("rows that come as late as that now are late for it") : Judgement{};
    case ChangeKind::promise_loosened:
      return promise_to(reader, change, after);
    case ChangeKind::check_gone:
    case ChangeKind::check_changed:
    case ChangeKind::check_loosened:
      if (std::ranges::find(reader.expects.checks, change.where) != reader.expects.checks.end())
        return broken(fmt::format("it expects the check `{}`", change.where));
      return notice("rows may come that the check kept away");
    case ChangeKind::check_added:
    case ChangeKind::check_tightened:
      return notice("fewer rows may come");
    case ChangeKind::access_lost:
      return may_read(reader, after) ? Judgement{} : broken("it may no longer read the product");
    case ChangeKind::access_gained:
      return {};
    case ChangeKind::mask_added:
    case ChangeKind::mask_changed:
      return used ? notice(fmt::format("it reads `{}`, and sees another value in its place", change.where))
                  : Judgement{};
    case ChangeKind::mask_gone:
      return {};
    case ChangeKind::label_added:
      return used ? notice(fmt::format("it reads `{}`; its own products carry the label too", change.where))
                  : Judgement{};
    case ChangeKind::address_gone:
      return broken("its rows no longer come there");
    case ChangeKind::format_changed:
      return broken("it decodes the format before");
    case ChangeKind::deprecated:
    case ChangeKind::deprecation_changed:
      return notice(fmt::format("it has to move to another version until {}", change.after));
    case ChangeKind::became_draft:
      return broken("it relies on the interface, which a draft does not promise");
    case ChangeKind::became_active:
    case ChangeKind::field_added:
    case ChangeKind::became_required:
    case ChangeKind::disorder_lowered:
    case ChangeKind::promise_tightened:
    case ChangeKind::label_gone:
    case ChangeKind::address_added:
    case ChangeKind::deprecation_gone:
    case ChangeKind::definition_gone:
    case ChangeKind::definition_added:
    case ChangeKind::signature_changed:
    case ChangeKind::signature_widened:
    case ChangeKind::state_changed:
    case ChangeKind::body_changed:
    case ChangeKind::text_changed:
      return {};
  }
  BRAID_UNREACHABLE("kind of change");
}

/// The change that a break on the wire comes from.
size_t change_of(const std::vector<Change>& changes, const std::string& field) {
  for (size_t i = 0; i < changes.size(); ++i)
    if (!changes[i].where.empty() && (is_below(changes[i].where, field) || is_below(field, changes[i].where))) return i;
  return 0;
}

Status judge_wire(const Interface& before, const Interface& after, const WireRules& wire, Verdict& verdict) {
  if (verdict.changes.empty()) return {};
  BRAID_ASSIGN(const std::vector<schema::BrokenReader> found, broken_on_wire(before, after, wire));
  for (const schema::BrokenReader& one : found)
    verdict.effects.push_back({.change = change_of(verdict.changes, one.what.field),
                               .reader = {},
                               .owner = {},
                               .weight = Weight::breaks,
                               .why = fmt::format("`compatible {}` in {}: {}", schema::word_of(*before.compatible),
                                                  wire.name, to_text(one))});
  return {};
}

bool any_breaks(const Verdict& verdict, std::initializer_list<ChangeKind> kinds) {
  return std::ranges::any_of(verdict.effects, [&](const Effect& effect) {
    return effect.weight == Weight::breaks &&
           std::ranges::find(kinds, verdict.changes[effect.change].kind) != kinds.end();
  });
}

void add_ways_out(const Interface& before, Verdict& verdict) {
  if (!verdict.breaks()) return;
  using enum ChangeKind;
  if (any_breaks(verdict, {field_gone}))
    verdict.ways_out.push_back("keep the field until its readers have moved: a null or a constant does");
  if (any_breaks(verdict, {became_optional}))
    verdict.ways_out.push_back("give the field a value where it has none: `field: field ?? default`");
  if (any_breaks(verdict, {type_changed, type_widened, type_narrowed}))
    verdict.ways_out.push_back("keep the field as it is, and add the new form under another name");
  if (any_breaks(verdict, {address_gone, format_changed}))
    verdict.ways_out.push_back("write to the address before as well until its readers have moved");
  verdict.ways_out.push_back(
      fmt::format("publish `{} version {}` beside version {}", before.name, before.version + 1, before.version));
  verdict.ways_out.push_back(fmt::format("`deprecated until DATE for version {}` tells readers of version {} to move",
                                         before.version + 1, before.version));
}

}  // namespace

bool Verdict::breaks() const {
  return std::ranges::any_of(effects, [](const Effect& effect) { return effect.weight == Weight::breaks; });
}

void add_enums(const std::string& path, const Type& type, std::vector<std::string>& enums) {
  const Type& inner = without_optional(type);
  if (is(inner, TypeKind::enumeration)) enums.push_back(path);
  if (is(inner, TypeKind::list)) add_enums(path + "[]", inner->element, enums);
  if (is(inner, TypeKind::map)) add_enums(path + "[]", value_of(inner), enums);
  if (is(inner, TypeKind::structure))
    for (const Field& field : inner->fields) add_enums(path + "." + field.name, field.type, enums);
}

KnownReader reader_of_all(const Interface& interface) {
  KnownReader reader{.name = "a reader of all fields", .domain = {}, .owner = {}};
  for (const InterfaceField& field : interface.fields) {
    reader.fields.push_back(field.name);
    add_enums(field.name, field.type, reader.exhaustive);
  }
  reader.reads_time = reader.reads_key = true;
  reader.expects = {.promises = interface.promises, .uniques = interface.uniques, .checks = {}};
  for (const InterfaceCheck& check : interface.checks) reader.expects.checks.push_back(check.name);
  return reader;
}

Result<Verdict> judge(const Interface& before, const Interface& after, const std::vector<KnownReader>& readers,
                      const std::vector<WireRules>& wires) {
  Verdict verdict{.changes = changes_between(before, after), .effects = {}, .ways_out = {}};
  for (size_t i = 0; i < verdict.changes.size(); ++i)
    for (const KnownReader& reader : readers) {
      Judgement one = of_reader(reader, verdict.changes[i], after);
      // A draft has promised nothing.
      if (before.draft && one.weight == Weight::breaks) one.weight = Weight::notice;
      if (one.weight != Weight::none)
        verdict.effects.push_back({i, reader.name, reader.owner, one.weight, std::move(one.why)});
    }
  if (!before.draft)
    for (const WireRules& wire : wires) BRAID_TRY(judge_wire(before, after, wire, verdict));
  // Readers that are not registered come last.
  std::sort(verdict.effects.begin(), verdict.effects.end(), [](const Effect& a, const Effect& b) {
    return std::tuple(a.change, a.reader.empty(), std::string_view(a.reader), std::string_view(a.why)) <
           std::tuple(b.change, b.reader.empty(), std::string_view(b.reader), std::string_view(b.why));
  });
  add_ways_out(before, verdict);
  return verdict;
}

Verdict judge_removal(const Interface& before, const std::vector<KnownReader>& readers) {
  Verdict verdict{
      .changes = {{.kind = ChangeKind::product_gone, .where = {}, .before = before.qualified(), .after = {}}},
      .effects = {},
      .ways_out = {}};
  for (const KnownReader& reader : readers)
    verdict.effects.push_back({0, reader.name, reader.owner, Weight::breaks, "it reads the product"});
  if (verdict.breaks()) verdict.ways_out.push_back("`deprecated until DATE` tells its readers, and ends it then");
  return verdict;
}

}  // namespace braid::mesh
