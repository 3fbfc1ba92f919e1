#include "mesh/gate/change.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/data/value.h"

namespace braid::mesh {
namespace {

constexpr std::string_view kWords[] = {
    "product-gone",      "field-gone",        "field-added",       "type-changed",    "type-widened",
    "type-narrowed",     "became-optional",   "became-required",   "symbol-added",    "symbol-gone",
    "symbols-reordered", "kind-changed",      "key-changed",       "time-changed",    "disorder-raised",
    "disorder-lowered",  "promise-loosened",  "promise-tightened", "check-gone",      "check-added",
    "check-changed",     "check-loosened",    "check-tightened",   "access-lost",     "access-gained",
    "mask-added",        "mask-changed",      "mask-gone",         "label-added",     "label-gone",
    "address-gone",      "address-added",     "format-changed",    "deprecated",      "deprecation-changed",
    "deprecation-gone",  "became-draft",      "became-active",     "definition-gone", "definition-added",
    "signature-changed", "signature-widened", "state-changed",     "body-changed",    "text-changed"};
static_assert(std::size(kWords) == static_cast<size_t>(ChangeKind::text_changed) + 1);

enum class Fit { same, widened, narrowed, other };

int digits_before_point(const Type& number) {
  return is(number, TypeKind::integer) ? 19 : number->precision - number->scale;
}

/// Whether a type of numbers holds what another holds, exactly.
bool holds(const Type& wide, const Type& narrow) {
  if (is(wide, TypeKind::decimal) && (is(narrow, TypeKind::decimal) || is(narrow, TypeKind::integer)))
    return digits_before_point(wide) >= digits_before_point(narrow) && wide->scale >= narrow->scale;
  if (is(wide, TypeKind::integer) && is(narrow, TypeKind::decimal))
    return narrow->scale == 0 && narrow->precision <= 18;
  return false;
}

/// Of two types that are neither structs nor enums on both sides.
Fit fit_of(const Type& before, const Type& after) {
  if (same(before, after)) return Fit::same;
  if (holds(after, before)) return Fit::widened;
  if (holds(before, after)) return Fit::narrowed;
  if (is(before, TypeKind::enumeration) && is(after, TypeKind::string)) return Fit::widened;
  if (is(before, TypeKind::string) && is(after, TypeKind::enumeration)) return Fit::narrowed;
  if (before->kind != after->kind) return Fit::other;
  if (is(before, TypeKind::optional) || is(before, TypeKind::list)) return fit_of(before->element, after->element);
  return Fit::other;
}

std::string length(int64_t us) {
  return to_literal(duration_type(), Value{us});
}

struct Comparison {
  std::vector<Change> changes;

  void add(ChangeKind kind, std::string where, std::string before, std::string after) {
    changes.push_back({kind, std::move(where), std::move(before), std::move(after)});
  }

  // ---- shape

  void symbols(const std::string& where, const Type& before, const Type& after) {
    std::vector<std::string> kept, kept_after;
    for (const std::string& symbol : before->symbols) {
      if (std::ranges::find(after->symbols, symbol) != after->symbols.end())
        kept.push_back(symbol);
      else
        add(ChangeKind::symbol_gone, where, symbol, "");
    }
    for (const std::string& symbol : after->symbols) {
      if (std::ranges::find(before->symbols, symbol) != before->symbols.end())
        kept_after.push_back(symbol);
      else
        add(ChangeKind::symbol_added, where, "", symbol);
    }
    if (kept != kept_after)
      add(ChangeKind::symbols_reordered, where, fmt::format("{}", fmt::join(kept, ", ")),
          fmt::format("{}", fmt::join(kept_after, ", ")));
  }

  void type(const std::string& where, const Type& before, const Type& after) {
    if (same(before, after)) return;
    if (is_optional(after) && !is_optional(before))
      add(ChangeKind::became_optional, where, to_string(before), to_string(after));
    if (is_optional(before) && !is_optional(after))
      add(ChangeKind::became_required, where, to_string(before), to_string(after));
    const Type& old_type = without_optional(before);
    const Type& new_type = without_optional(after);
    if (is(old_type, TypeKind::structure) && is(new_type, TypeKind::structure)) {
      const auto plain = [](const Type& type) {
        std::vector<InterfaceField> list;
        for (const Field& field : type->fields) list.push_back({field.name, field.type, {}, {}});
        return list;
      };
      return fields(where + ".", plain(old_type), plain(new_type));
    }
    if (is(old_type, TypeKind::enumeration) && is(new_type, TypeKind::enumeration))
      return symbols(where, old_type, new_type);
    if (is(old_type, TypeKind::list) && is(new_type, TypeKind::list))
      return type(where + "[]", old_type->element, new_type->element);
    if (is(old_type, TypeKind::map) && is(new_type, TypeKind::map)) {
      type(where + "[].key", key_of(old_type), key_of(new_type));
      return type(where + "[]", value_of(old_type), value_of(new_type));
    }
    switch (fit_of(old_type, new_type)) {
      case Fit::same:
        return;
      case Fit::widened:
        return add(ChangeKind::type_widened, where, to_string(old_type), to_string(new_type));
      case Fit::narrowed:
        return add(ChangeKind::type_narrowed, where, to_string(old_type), to_string(new_type));
      case Fit::other:
        return add(ChangeKind::type_changed, where, to_string(old_type), to_string(new_type));
    }
  }

  void fields(const std::string& above, const std::vector<InterfaceField>& before,
              const std::vector<InterfaceField>& after) {
    const auto find = [](const std::vector<InterfaceField>& list, const std::string& name) {
      return std::ranges::find(list, name, &InterfaceField::name);
    };
    for (const InterfaceField& field : before) {
      const auto now = find(after, field.name);
      if (now == after.end())
        add(ChangeKind::field_gone, above + field.name, to_string(field.type), "");
      else
        type(above + field.name, field.type, now->type);
    }
    for (const InterfaceField& field : after)
      if (find(before, field.name) == before.end())
        add(ChangeKind::field_added, above + field.name, "", to_string(field.type));
  }

  // ---- meaning

  void meaning(const Interface& before, const Interface& after) {
    if (before.kind != after.kind)
      add(ChangeKind::kind_changed, "", std::string(word_of(before.kind)), std::string(word_of(after.kind)));
    if (before.key != after.key)
      add(ChangeKind::key_changed, "", typed::names_text(before.key), typed::names_text(after.key));
    const auto name = [](const std::optional<InterfaceTime>& time) {
      return !time ? std::string() : time->field.empty() ? std::string("beside the row") : time->field;
    };
    if (name(before.time) != name(after.time)) add(ChangeKind::time_changed, "", name(before.time), name(after.time));
    if (!before.time || !after.time || before.time->within_us == after.time->within_us) return;
    const bool raised = after.time->within_us > before.time->within_us;
    add(raised ? ChangeKind::disorder_raised : ChangeKind::disorder_lowered, "", length(before.time->within_us),
        length(after.time->within_us));
  }

  // ---- promises

  void promise(PromiseKind kind, bool loosened, std::string where, std::string before, std::string after) {
    changes.push_back({loosened ? ChangeKind::promise_loosened : ChangeKind::promise_tightened, std::move(where),
                       std::move(before), std::move(after), kind});
  }

  /// Less is better (`fresh`), or more is (`keep`).
  void bound(PromiseKind kind, std::optional<int64_t> before, std::optional<int64_t> after, bool less_is_better,
             const std::string& where = {}, std::string (*text)(int64_t) = length) {
    if (before == after) return;
    const bool loosened = !after || (before && (*after > *before) == less_is_better);
    promise(kind, loosened, where, before ? text(*before) : "", after ? text(*after) : "");
  }

  void latencies(const typed::Promises& before, const typed::Promises& after) {
    const auto of = [](const typed::Promises& promises, const std::string& quantile) {
      std::optional<int64_t> below;
      for (const typed::LatencyPromise& one : promises.latencies)
        if (one.quantile == quantile) below = one.below_us;
      return below;
    };
    for (const typed::LatencyPromise& one : before.latencies)
      bound(PromiseKind::latency, one.below_us, of(after, one.quantile), true, one.quantile);
    for (const typed::LatencyPromise& one : after.latencies)
      if (!of(before, one.quantile)) bound(PromiseKind::latency, std::nullopt, one.below_us, true, one.quantile);
  }

  void completes(const typed::Promises& before, const typed::Promises& after) {
    const auto of = [](const typed::Promises& promises, const auto& fields) -> const typed::CompletePromise* {
      for (const typed::CompletePromise& one : promises.completes)
        if (one.fields == fields) return &one;
      return nullptr;
    };
    const auto share = [](const typed::CompletePromise& one) { return std::strtod(one.percent.c_str(), nullptr); };
    for (const typed::CompletePromise& one : before.completes) {
      const typed::CompletePromise* now = of(after, one.fields);
      if (now != nullptr && share(*now) == share(one)) continue;
      promise(PromiseKind::complete, now == nullptr || share(*now) < share(one), typed::names_text(one.fields),
              one.percent + "%", now == nullptr ? "" : now->percent + "%");
    }
    for (const typed::CompletePromise& one : after.completes)
      if (of(before, one.fields) == nullptr)
        promise(PromiseKind::complete, false, typed::names_text(one.fields), "", one.percent + "%");
  }

  void volumes(const typed::Promises& before, const typed::Promises& after) {
    const auto text = [](const typed::VolumePromise& one) {
      return fmt::format("{}..{} per {}", one.least, one.most, length(one.period_us));
    };
    const auto of = [](const typed::Promises& promises, int64_t period) -> const typed::VolumePromise* {
      for (const typed::VolumePromise& one : promises.volumes)
        if (one.period_us == period) return &one;
      return nullptr;
    };
    for (const typed::VolumePromise& one : before.volumes) {
      const typed::VolumePromise* now = of(after, one.period_us);
      if (now != nullptr && *now == one) continue;
      const bool loosened = now == nullptr || now->least < one.least || now->most > one.most;
      promise(PromiseKind::volume, loosened, "", text(one), now == nullptr ? "" : text(*now));
    }
    for (const typed::VolumePromise& one : after.volumes)
      if (of(before, one.period_us) == nullptr) promise(PromiseKind::volume, false, "", "", text(one));
  }

  void uniques(const Interface& before, const Interface& after) {
    const auto of = [](const Interface& interface, const auto& fields) -> const typed::UniquePromise* {
      for (const typed::UniquePromise& one : interface.uniques)
        if (one.fields == fields) return &one;
      return nullptr;
    };
    const auto text = [](const typed::UniquePromise& one) {
      return one.within_us ? "within " + length(*one.within_us) : std::string("for ever");
    };
    for (const typed::UniquePromise& one : before.uniques) {
      const typed::UniquePromise* now = of(after, one.fields);
      if (now != nullptr && now->within_us == one.within_us) continue;
      const bool loosened = now == nullptr || (now->within_us && (!one.within_us || *now->within_us < *one.within_us));
      promise(PromiseKind::unique, loosened, typed::names_text(one.fields), text(one),
              now == nullptr ? "" : text(*now));
    }
    for (const typed::UniquePromise& one : after.uniques)
      if (of(before, one.fields) == nullptr)
        promise(PromiseKind::unique, false, typed::names_text(one.fields), "", text(one));
  }

  void promises(const Interface& before, const Interface& after) {
    bound(PromiseKind::fresh, before.promises.fresh_us, after.promises.fresh_us, true);
    latencies(before.promises, after.promises);
    completes(before.promises, after.promises);
    volumes(before.promises, after.promises);
    uniques(before, after);
    const auto bytes = [](int64_t count) { return fmt::format("{} bytes", count); };
    bound(PromiseKind::state, before.promises.state_bytes, after.promises.state_bytes, true, {}, bytes);
    bound(PromiseKind::keep, before.promises.keep_us, after.promises.keep_us, false);
    if (before.compatible == after.compatible) return;
    using schema::Compatibility;
    const auto level = [](const Interface& one) { return one.compatible.value_or(Compatibility::none); };
    const bool loosened = (schema::reads_old_rows(level(before)) && !schema::reads_old_rows(level(after))) ||
                          (schema::lets_old_read(level(before)) && !schema::lets_old_read(level(after))) ||
                          (schema::looks_at_all_earlier(level(before)) && !schema::looks_at_all_earlier(level(after)));
    const auto text = [](const Interface& one) {
      return one.compatible ? std::string(schema::word_of(*one.compatible)) : std::string();
    };
    promise(PromiseKind::compatible, loosened, "", text(before), text(after));
  }

  void checks(const Interface& before, const Interface& after) {
    const auto find = [](const Interface& interface, const std::string& name) {
      return std::ranges::find(interface.checks, name, &InterfaceCheck::name);
    };
    const auto strength = [](const std::string& otherwise) {
      return otherwise == "alert" ? 0 : otherwise == "reject" ? 1 : 2;
    };
    for (const InterfaceCheck& check : before.checks) {
      const auto now = find(after, check.name);
      if (now == after.checks.end()) {
        add(ChangeKind::check_gone, check.name, check.condition, "");
        continue;
      }
      if (now->condition != check.condition)
        add(ChangeKind::check_changed, check.name, check.condition, now->condition);
      if (now->otherwise != check.otherwise)
        add(strength(now->otherwise) < strength(check.otherwise) ? ChangeKind::check_loosened
                                                                 : ChangeKind::check_tightened,
            check.name, check.otherwise, now->otherwise);
    }
    for (const InterfaceCheck& check : after.checks)
      if (find(before, check.name) == before.checks.end())
        add(ChangeKind::check_added, check.name, "", check.condition);
  }

  // ---- the rest

  /// Whoever knows a product without grants reads it. Its own domain always does.
  void access(const Interface& before, const Interface& after) {
    const auto readers = [](const Interface& interface) {
      std::vector<std::string> list;
      for (const InterfaceAllow& allow : interface.allows)
        for (const std::string& reader : allow.readers)
          if (reader != "domain " + interface.domain)
            list.push_back(allow.purposes.empty()
                               ? reader
                               : fmt::format("{} for purpose {}", reader, fmt::join(allow.purposes, ", ")));
      for (const InterfaceRows& rows : interface.access.rows)
        for (const std::string& reader : rows.readers)
          list.push_back(fmt::format("{}{}{} where {}", reader, rows.purposes.empty() ? "" : " for purpose ",
                                     fmt::join(rows.purposes, ", "), rows.where));
      if (interface.allows.empty() && interface.access.rows.empty()) list.push_back("anyone");
      return list;
    };
    const std::vector<std::string> old = readers(before), now = readers(after);
    const bool all = std::ranges::find(now, "anyone") != now.end();
    for (const std::string& reader : old)
      if (!all && std::ranges::find(now, reader) == now.end()) add(ChangeKind::access_lost, "", reader, "");
    for (const std::string& reader : now)
      if (std::ranges::find(old, reader) == old.end()) add(ChangeKind::access_gained, "", "", reader);
  }

  void masks(const Interface& before, const Interface& after) {
    const auto find = [](const Interface& interface, const InterfaceMask& wanted) -> const InterfaceMask* {
      const auto found = std::ranges::find(interface.access.masks, wanted.field, &InterfaceMask::field);
      return found == interface.access.masks.end() ? nullptr : &*found;
    };
    const auto text = [](const InterfaceMask& mask) {
      return fmt::format("{}{}{}", mask.with.empty() ? "masked where it is written" : mask.with,
                         mask.except.empty() ? "" : " except ", fmt::join(mask.except, ", "));
    };
    for (const InterfaceMask& mask : after.access.masks) {
      const InterfaceMask* was = find(before, mask);
      const std::string field = fmt::format("{}", fmt::join(mask.field, "."));
      if (was == nullptr)
        add(ChangeKind::mask_added, field, "", text(mask));
      else if (*was != mask)
        add(ChangeKind::mask_changed, field, text(*was), text(mask));
    }
    for (const InterfaceMask& mask : before.access.masks)
      if (find(after, mask) == nullptr)
        add(ChangeKind::mask_gone, fmt::format("{}", fmt::join(mask.field, ".")), text(mask), "");
    // What conditions and masks call is not in their texts.
    for (const DefinitionItem& item : after.access.functions)
      for (const DefinitionItem& was : before.access.functions)
        if (was.domain == item.domain && was.kind == item.kind && was.name == item.name && was.text != item.text)
          add(ChangeKind::body_changed, item.domain + "." + item.name, was.text, item.text);
  }

  void labels(const Interface& before, const Interface& after) {
    const auto steps = [](const Interface& one) { return one.migration ? one.migration->steps : std::string(); };
    if (before.migration != after.migration) add(ChangeKind::text_changed, "migrate", steps(before), steps(after));
    for (const InterfaceField& field : after.fields) {
      const auto was = std::ranges::find(before.fields, field.name, &InterfaceField::name);
      if (was == before.fields.end()) continue;
      for (const std::string& label : field.labels)
        if (std::ranges::find(was->labels, label) == was->labels.end())
          add(ChangeKind::label_added, field.name, "", "#" + label);
      for (const std::string& label : was->labels)
        if (std::ranges::find(field.labels, label) == field.labels.end())
          add(ChangeKind::label_gone, field.name, "#" + label, "");
    }
  }

  void addresses(const Interface& before, const Interface& after) {
    const auto place = [](const InterfaceAddress& one) { return one.connector + " " + one.address; };
    const auto find = [&](const Interface& interface, const InterfaceAddress& wanted) {
      return std::ranges::find_if(interface.addresses, [&](const InterfaceAddress& one) {
        return one.environment == wanted.environment && place(one) == place(wanted);
      });
    };
    for (const InterfaceAddress& address : before.addresses) {
      const auto now = find(after, address);
      if (now == after.addresses.end())
        add(ChangeKind::address_gone, address.environment, place(address), "");
      else if (now->format != address.format)
        add(ChangeKind::format_changed, address.environment, address.format, now->format);
    }
    for (const InterfaceAddress& address : after.addresses)
      if (find(before, address) == before.addresses.end())
        add(ChangeKind::address_added, address.environment, "", place(address));
  }

  void life(const Interface& before, const Interface& after) {
    if (before.draft != after.draft)
      add(after.draft ? ChangeKind::became_draft : ChangeKind::became_active, "",
          std::string(word_of(state_of(before))), std::string(word_of(state_of(after))));
    if (before.deprecated == after.deprecated) return;
    if (!after.deprecated) return add(ChangeKind::deprecation_gone, "", before.deprecated->until, "");
    add(before.deprecated ? ChangeKind::deprecation_changed : ChangeKind::deprecated, "",
        before.deprecated ? before.deprecated->until : "", after.deprecated->until);
  }

  void texts(const Interface& before, const Interface& after) {
    if (before.owner != after.owner) add(ChangeKind::text_changed, "owner", before.owner, after.owner);
    if (before.documentation != after.documentation)
      add(ChangeKind::text_changed, "documentation", before.documentation, after.documentation);
    for (const InterfaceField& field : after.fields) {
      const auto was = std::ranges::find(before.fields, field.name, &InterfaceField::name);
      if (was != before.fields.end() && was->documentation != field.documentation)
        add(ChangeKind::text_changed, field.name, was->documentation, field.documentation);
    }
  }
};

}  // namespace

std::string_view word_of(ChangeKind kind) {
  return kWords[static_cast<size_t>(kind)];
}

std::vector<Change> changes_between(const Interface& before, const Interface& after) {
  Comparison comparison;
  comparison.fields("", before.fields, after.fields);
  comparison.meaning(before, after);
  comparison.promises(before, after);
  comparison.checks(before, after);
  comparison.access(before, after);
  comparison.masks(before, after);
  comparison.labels(before, after);
  comparison.addresses(before, after);
  comparison.life(before, after);
  comparison.texts(before, after);
  return std::move(comparison.changes);
}

std::string to_text(const Change& change) {
  const std::string& at = change.where;
  const std::string in = at.empty() ? "" : " in `" + at + "`";
  const auto was_and_is = [&](std::string_view what) {
    const auto quoted = [](const std::string& text) { return text.empty() ? "nothing" : "`" + text + "`"; };
    return fmt::format("{} was {} and is {}", what, quoted(change.before), quoted(change.after));
  };
  switch (change.kind) {
    case ChangeKind::product_gone:
      return "the product is gone";
    case ChangeKind::field_gone:
      return fmt::format("the field `{}` is gone; it was `{}`", at, change.before);
    case ChangeKind::field_added:
      return fmt::format("the field `{}` is new: `{}`", at, change.after);
    case ChangeKind::type_changed:
    case ChangeKind::type_widened:
    case ChangeKind::type_narrowed:
    case ChangeKind::became_optional:
    case ChangeKind::became_required:
      return was_and_is("the type of `" + at + "`");
    case ChangeKind::symbol_added:
      return fmt::format("`{}` has the new symbol `{}`", at, change.after);
    case ChangeKind::symbol_gone:
      return fmt::format("`{}` no longer has the symbol `{}`", at, change.before);
    case ChangeKind::symbols_reordered:
      return was_and_is("the order of the symbols of `" + at + "`");
    case ChangeKind::kind_changed:
      return was_and_is("the kind of the product");
    case ChangeKind::key_changed:
      return was_and_is("the key");
    case ChangeKind::time_changed:
      return was_and_is("the event time");
    case ChangeKind::disorder_raised:
    case ChangeKind::disorder_lowered:
      return was_and_is("the bound of lateness");
    case ChangeKind::promise_loosened:
    case ChangeKind::promise_tightened:
      return was_and_is(fmt::format("the promise `{}{}{}`", typed::word_of(change.promise), at.empty() ? "" : " ", at));
    case ChangeKind::check_gone:
      return fmt::format("the check `{}` is gone", at);
    case ChangeKind::check_added:
      return fmt::format("the check `{}` is new", at);
    case ChangeKind::check_changed:
      return was_and_is("the check `" + at + "`");
    case ChangeKind::check_loosened:
    case ChangeKind::check_tightened:
      return was_and_is("what the check `" + at + "` does");
    case ChangeKind::access_lost:
      return fmt::format("`{}` may no longer read the product", change.before);
    case ChangeKind::access_gained:
      return fmt::format("`{}` may read the product", change.after);
    case ChangeKind::mask_added:
      return fmt::format("the field `{}` is masked now: {}", at, change.after);
    case ChangeKind::mask_changed:
      return was_and_is("the mask of `" + at + "`");
    case ChangeKind::mask_gone:
      return fmt::format("the field `{}` is no longer masked", at);
    case ChangeKind::label_added:
      return fmt::format("the field `{}` has the new label `{}`", at, change.after);
    case ChangeKind::label_gone:
      return fmt::format("the field `{}` no longer has the label `{}`", at, change.before);
    case ChangeKind::address_gone:
      return fmt::format("the product is no longer at `{}`{}", change.before, in);
    case ChangeKind::address_added:
      return fmt::format("the product is at `{}`{}", change.after, in);
    case ChangeKind::format_changed:
      return was_and_is("the format" + in);
    case ChangeKind::deprecated:
      return fmt::format("the product is deprecated until {}", change.after);
    case ChangeKind::deprecation_changed:
      return fmt::format("the product was deprecated until {}, and is until {}", change.before, change.after);
    case ChangeKind::deprecation_gone:
      return "the product is no longer deprecated";
    case ChangeKind::became_draft:
      return fmt::format("the product was {} and is a draft", change.before);
    case ChangeKind::became_active:
      return "the product is no longer a draft";
    case ChangeKind::definition_gone:
      return fmt::format("the {} `{}` is gone", change.before, at);
    case ChangeKind::definition_added:
      return fmt::format("the {} `{}` is new", change.after, at);
    case ChangeKind::signature_changed:
    case ChangeKind::signature_widened:
      return was_and_is("the signature of `" + at + "`");
    case ChangeKind::state_changed:
      return was_and_is("the state of `" + at + "`");
    case ChangeKind::body_changed:
      return fmt::format("what `{}` does differs", at);
    case ChangeKind::text_changed:
      return fmt::format("the text of `{}` differs", at);
  }
  BRAID_UNREACHABLE("kind of change");
}

}  // namespace braid::mesh
