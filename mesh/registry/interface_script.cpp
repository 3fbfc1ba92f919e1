#include "mesh/registry/interface_script.h"

#include <fmt/format.h>

#include <algorithm>

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

bool has_field(const Interface& interface, const std::string& name) {
  return std::ranges::any_of(interface.fields, [&](const InterfaceField& field) { return field.name == name; });
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
  for (const InterfaceAllow& allow : interface.allows) {
    text += fmt::format("  allow read to {}", fmt::join(allow.readers, ", "));
    if (!allow.purposes.empty()) text += fmt::format(" for purpose {}", fmt::join(allow.purposes, ", "));
    text += "\n";
  }
  const bool ends = interface.kind == InterfaceKind::changes;
  if (ends) text += fmt::format("  delete when `{}`\n", typed::kEndsKey);
  text += "{\n";
  for (const InterfaceField& field : interface.fields) {
    add_documentation(field.documentation, "  ", text);
    text += fmt::format("  {}: {},\n", script_name(field.name), type_in_script(field.type));
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
  for (const Interface& interface : interfaces) add_declaration(interface, text);
  return text;
}

}  // namespace braid::mesh
