#include "mesh/registry/interface_script.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "compiler/typed/foreign_tables.h"
#include "runtime/data/script_text.h"
#include "runtime/data/time_text.h"

namespace braid::mesh {
namespace {

std::string path_text(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& part : path) text += (text.empty() ? "" : ".") + script_name(part);
  return text;
}

/// `a.b`, as interfaces have the path of the time.
std::string dotted(const std::string& path) {
  std::vector<std::string> parts{""};
  for (const char c : path) {
    if (c == '.')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return path_text(parts);
}

void add_documentation(const std::string& documentation, const std::string& indent, std::string& text) {
  if (documentation.empty()) return;
  for (size_t at = 0; at <= documentation.size();) {
    const size_t end = std::min(documentation.find('\n', at), documentation.size());
    text += fmt::format("{}/// {}\n", indent, documentation.substr(at, end - at));
    at = end + 1;
  }
}

/// What the interface says as it stands, if it is of the form that a script has.
bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos && text.front() != '.' &&
         text.back() != '.' && std::ranges::count(text, '.') <= 1;
}

bool is_instant(const std::string& text) {
  int64_t us = 0;
  int32_t days = 0;
  return parse_timestamp_literal(text, &us) || parse_date(text, &days);
}

std::string paths_text(const std::vector<std::vector<std::string>>& paths) {
  std::vector<std::string> texts;
  for (const std::vector<std::string>& path : paths) texts.push_back(path_text(path));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string length(int64_t us) {
  std::string text;
  append_duration_literal(text, us);
  return text;
}

std::string size_text(int64_t bytes) {
  constexpr std::string_view kUnits[] = {"KB", "MB", "GB", "TB"};
  int64_t count = bytes / 1024 + (bytes % 1024 > 0);
  size_t unit = 0;
  while (unit + 1 < std::size(kUnits) && count > 0 && count % 1024 == 0) count /= 1024, ++unit;
  return fmt::format("{}{}", count, kUnits[unit]);
}

/// The promises, a line each. The condition of a check may call functions of its own project: it stands as a text.
std::vector<std::string> promises_of(const Interface& interface) {
  std::vector<std::string> lines;
  const auto add = [&](std::string line) { lines.push_back(std::move(line)); };
  if (interface.compatible) add(fmt::format("compatible {}", schema::word_of(*interface.compatible)));
  const typed::Promises& promises = interface.promises;
  if (promises.fresh_us) add("fresh within " + length(*promises.fresh_us));
  for (const typed::LatencyPromise& one : promises.latencies)
    if (is_plain_word(one.quantile)) add(fmt::format("latency {} < {}", one.quantile, length(one.below_us)));
  for (const typed::UniquePromise& one : interface.uniques)
    add("unique " + paths_text(one.fields) + (one.within_us ? " within " + length(*one.within_us) : ""));
  for (const typed::CompletePromise& one : promises.completes)
    if (!one.fields.empty() && is_number(one.percent))
      add(fmt::format("complete {} >= {}%", paths_text(one.fields), one.percent));
  for (const typed::VolumePromise& one : promises.volumes)
    if (one.least >= 0) add(fmt::format("volume {}..{} per {}", one.least, one.most, length(one.period_us)));
  if (promises.state_bytes && *promises.state_bytes >= 0) add("state <= " + size_text(*promises.state_bytes));
  if (promises.keep_us) add("keep " + length(*promises.keep_us));
  for (const InterfaceCheck& check : interface.checks)
    if (const std::string name = script_name(check.name); !name.empty() && is_plain_word(check.otherwise))
      add(fmt::format("check {}: {} else {}", name, string_literal(check.condition), check.otherwise));
  return lines;
}

void add_contract(const Interface& interface, std::string& text) {
  const std::vector<std::string> promises = promises_of(interface);
  if (promises.empty()) return;
  text += "  contract {\n";
  for (const std::string& line : promises) text += "    " + line + "\n";
  text += "  }\n";
}

void add_end(const Interface& interface, std::string& text) {
  if (!interface.deprecated || !is_instant(interface.deprecated->until)) return;
  text += "  deprecated until @" + interface.deprecated->until;
  if (interface.deprecated->successor) text += fmt::format(" for version {}", *interface.deprecated->successor);
  text += "\n";
}

std::string labels_text(const InterfaceField& field) {
  std::string text;
  for (const std::string& label : field.labels)
    if (is_plain_word(label)) text += " #" + label;
  return text;
}

bool has_field(const Interface& interface, const std::string& name) {
  return std::ranges::any_of(interface.fields, [&](const InterfaceField& field) { return field.name == name; });
}

void add_allow(const std::vector<std::string>& readers, const std::vector<std::string>& purposes,
               const std::string& where, std::string& text) {
  text += fmt::format("  allow read to {}", fmt::join(readers, ", "));
  if (!purposes.empty()) text += fmt::format(" for purpose {}", fmt::join(purposes, ", "));
  if (!where.empty()) text += " where " + where;
  text += "\n";
}

/// "domain a.b", "role crm", "user \"ada\"" as a script writes it: what comes from another hand is a name and nothing
/// more. Empty: no script can write it.
std::string reader_text(const std::string& reader) {
  if (reader == "anyone") return reader;
  const size_t space = std::min(reader.find(' '), reader.size() - 1);
  const std::string kind = reader.substr(0, space), name = reader.substr(space + 1);
  if (kind == "user" && name.size() > 2 && name.front() == '"' && name.back() == '"')
    return "user " + string_literal(std::string_view(name).substr(1, name.size() - 2));
  const std::string path = dotted(name);
  const bool whole = !path.empty() && path.front() != '.' && path.back() != '.' && path.find("..") == path.npos;
  return (kind == "domain" || kind == "role") && whole ? kind + " " + path : std::string();
}

std::vector<std::string> texts_of(const std::vector<std::string>& names,
                                  const std::function<std::string(const std::string&)>& text) {
  std::vector<std::string> made;
  for (const std::string& name : names)
    if (std::string one = text(name); !one.empty()) made.push_back(std::move(one));
  return made;
}

/// Of rows that are those of one reader, nobody else reads, and that reader reads each.
std::vector<std::string> readers_there(const Interface& interface, const std::vector<std::string>& readers) {
  const std::string& only = interface.access.rows_for;
  if (only.empty()) return readers;
  const bool named =
      std::ranges::find(readers, only) != readers.end() || std::ranges::find(readers, "anyone") != readers.end();
  return named ? std::vector{only} : std::vector<std::string>{};
}

void add_access(const Interface& interface, std::string& text) {
  bool closed = !interface.allows.empty() || !interface.access.rows.empty();
  const auto add = [&](const std::vector<std::string>& named, const std::vector<std::string>& purposes,
                       const std::string& where) {
    const std::vector<std::string> readers = texts_of(readers_there(interface, named), reader_text);
    const std::vector<std::string> words = texts_of(purposes, [](const std::string& one) { return script_name(one); });
    if (readers.empty() || words.size() != purposes.size()) return;
    closed = false;
    add_allow(readers, words, interface.access.rows_for.empty() ? where : "", text);
  };
  for (const InterfaceAllow& allow : interface.allows) add(allow.readers, allow.purposes, "");
  for (const InterfaceRows& rows : interface.access.rows) add(rows.readers, rows.purposes, rows.where);
  // `public` without an `allow` would be open.
  if (closed) add_allow({"domain " + dotted(interface.domain)}, {}, "", text);
  for (const InterfaceMask& mask : interface.access.masks) {
    if (mask.with.empty()) continue;
    text += fmt::format("  mask {} with {}", path_text(mask.field), mask.with);
    if (!mask.except.empty()) text += fmt::format(" except {}", fmt::join(mask.except, ", "));
    text += "\n";
  }
}

void add_declaration(const Interface& interface, std::string& text) {
  const bool is_table = interface.kind != InterfaceKind::stream;
  text += "\n";
  add_documentation(interface.documentation, "", text);
  text += fmt::format("public {} {} version {}\n", is_table ? "table" : "stream", script_name(interface.name),
                      interface.version);
  if (interface.time && !interface.time->field.empty()) {
    // A name may have a point in it.
    const std::string& field = interface.time->field;
    text += "  time " + (has_field(interface, field) ? script_name(field) : dotted(field)) + " within ";
    append_duration_literal(text, interface.time->within_us);
    text += "\n";
  }
  if (!interface.key.empty()) {
    std::vector<std::string> paths;
    for (const std::vector<std::string>& path : interface.key) paths.push_back(path_text(path));
    text += fmt::format("  key {}\n", fmt::join(paths, ", "));
  }
  add_access(interface, text);
  add_contract(interface, text);
  add_end(interface, text);
  if (interface.draft) text += "  draft\n";
  const bool ends = interface.kind == InterfaceKind::changes;
  if (ends) text += fmt::format("  delete when `{}`\n", typed::kEndsKey);
  text += "{\n";
  for (const InterfaceField& field : interface.fields) {
    add_documentation(field.documentation, "  ", text);
    text += fmt::format("  {}: {}{},\n", script_name(field.name), type_in_script(field.type), labels_text(field));
  }
  if (ends) text += fmt::format("  `{}`: bool from \"__deleted\" = false,\n", typed::kEndsKey);
  text += "}\n";
}

}  // namespace

std::string type_in_script(const Type& type) {
  switch (type->kind) {
    case TypeKind::list:
      return "list<" + type_in_script(type->element) + ">";
    case TypeKind::map:
      return "map<" + type_in_script(key_of(type)) + ", " + type_in_script(value_of(type)) + ">";
    case TypeKind::optional:
      return type_in_script(type->element) + "?";
    case TypeKind::structure: {
      std::string text = "{ ";
      for (const Field& field : type->fields)
        text += (text.size() > 2 ? ", " : "") + script_name(field.name) + ": " + type_in_script(field.type);
      return text + " }";
    }
    case TypeKind::enumeration: {
      std::string text = "enum { ";
      for (const std::string& symbol : type->symbols) {
        if (text.size() > 7) text += ", ";
        append_string_literal(text, symbol);
      }
      return text + " }";
    }
    default:
      return to_string(type);
  }
}

std::string script_of(const std::vector<Interface>& interfaces) {
  std::string text;
  if (interfaces.empty()) return text;
  text = "domain " + dotted(interfaces.front().domain) + "\n";
  if (!interfaces.front().owner.empty()) {
    text += "  owner ";
    append_string_literal(text, interfaces.front().owner);
    text += "\n";
  }
  for (const Interface& interface : interfaces)
    for (const DefinitionUse& use : interface.access.uses)
      text += fmt::format("use {} as {}\n", dotted(use.path), script_name(use.as));
  for (const Interface& interface : interfaces) add_declaration(interface, text);
  return text;
}

}  // namespace braid::mesh
