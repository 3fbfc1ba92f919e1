#include "compiler/lineage/whole_cases.h"

namespace braid::lineage {
namespace {

using typed::Project;
using typed::RelationId;

/// Enums in a value of that type, which stands at `path`.
void add_enums(const std::string& path, const Type& type, std::set<std::string>& made) {
  const Type& inner = without_optional(type);
  if (is(inner, TypeKind::enumeration)) made.insert(path);
  if (is(inner, TypeKind::list)) add_enums(path + "[]", inner->element, made);
  if (is(inner, TypeKind::map)) add_enums(path + "[]", value_of(inner), made);
  if (is(inner, TypeKind::structure))
    for (const Field& field : inner->fields) add_enums(path + "." + field.name, field.type, made);
}

/// A path of a source's row leads through structs and lists of structs.
void add_enums_at(const std::vector<Field>& row, const std::vector<int>& path, std::set<std::string>& made) {
  std::string text;
  const std::vector<Field>* fields = &row;
  Type type;
  for (const int index : path) {
    if (index < 0 || fields == nullptr || static_cast<size_t>(index) >= fields->size()) return;
    if (type != nullptr && is(without_optional(type), TypeKind::list)) text += "[]";
    const Field& field = (*fields)[static_cast<size_t>(index)];
    text += (text.empty() ? "" : ".") + field.name;
    type = field.type;
    fields = parts_of(type);
  }
  if (type != nullptr) add_enums(text, type, made);
}

class Walk {
 public:
  Walk(const Project& project, const std::vector<RelationFlow>& all) : project_(project), all_(all) {}

  void relation(RelationId id) {
    if (!relations_.insert(id).second) return;
    const RelationFlow& flow = all_[static_cast<size_t>(id)];
    for (const Origin& origin : flow.whole_cases) follow(origin);
    for (const Reading& reading : flow.reads) relation(reading.relation);
  }
  std::map<RelationId, std::set<std::string>> take() { return std::move(made_); }

 private:
  void follow(const Origin& origin) {
    if (!origins_.insert(origin).second) return;
    const typed::Relation& relation = project_.relations[static_cast<size_t>(origin.relation)];
    if (relation.source) {
      std::set<std::string> enums;
      add_enums_at(relation.row, origin.path, enums);
      if (!enums.empty()) made_[origin.relation].merge(enums);
      return;
    }
    const RelationFlow& flow = all_[static_cast<size_t>(origin.relation)];
    const auto port = flow.ports.find(origin.port);
    const Rows& rows = port == flow.ports.end() ? flow.result : port->second;
    if (origin.path.empty() || origin.path.front() < 0 ||
        static_cast<size_t>(origin.path.front()) >= rows.fields.size())
      return;
    Shape shape = rows.fields[static_cast<size_t>(origin.path.front())];
    for (size_t i = 1; i < origin.path.size(); ++i) {
      const auto part = static_cast<size_t>(origin.path[i]);
      if (part >= shape.parts.size()) break;
      Shape below = shape.parts[part];
      shape.parts.clear();
      merge(below, shape);
      shape = std::move(below);
    }
    for (const auto& [from, ignored] : flat(shape).values) follow(from);
  }

  const Project& project_;
  const std::vector<RelationFlow>& all_;
  std::set<RelationId> relations_;
  std::set<Origin> origins_;
  std::map<RelationId, std::set<std::string>> made_;
};

}  // namespace

std::map<RelationId, std::set<std::string>> whole_cases(const Project& project, const std::vector<RelationFlow>& all,
                                                        RelationId relation) {
  Walk walk(project, all);
  walk.relation(relation);
  return walk.take();
}

}  // namespace braid::lineage
