// How a flow begins: with a declared stream or table, another flow, or a port. Of a stream its rows may say how their
// records came, in columns behind its fields, which only those flows have that ask for them.
#include <algorithm>
#include <map>

#include "compiler/plan/builder.h"
#include "compiler/typed/foreign_tables.h"
#include "runtime/data/kept_fields.h"

namespace braid::plan {
namespace {

/// Of a product that is a table.
constexpr std::string_view kChangesPort = "changes";

/// By how many ways rows of a source come somewhere, and whether a step holds them on one.
struct Ways {
  int count = 0;  ///< 2: or more
  bool held = false;
};
/// The products behind which a flow stands, the last one first, and the source.
using Origin = std::vector<int>;
using Origins = std::map<Origin, Ways>;

/// Of each node once: views of views may come to one source by very many ways.
class WaysInto {
 public:
  explicit WaysInto(const Plan& plan) : plan_(plan) {}

  const Origins& of(int at) {
    if (const auto known = known_.find(at); known != known_.end()) return known->second;
    Origins found = find(at);
    return known_[at] = std::move(found);
  }

 private:
  Origins find(int at) {
    const Node& node = plan_.nodes[static_cast<size_t>(at)];
    if (node.inputs.empty() || std::holds_alternative<PortNode>(node.content)) return {{Origin{at}, Ways{1, false}}};
    Origins found;
    if (std::holds_alternative<PublishNode>(node.content)) {
      for (const auto& [each, ways] : of(node.inputs[0])) {
        Origin behind{at};
        behind.insert(behind.end(), each.begin(), each.end());
        found[std::move(behind)] = ways;
      }
    } else if (std::holds_alternative<UnionNode>(node.content)) {
      for (const int input : node.inputs)
        for (const auto& [each, ways] : of(input)) {
          Ways& all = found[each];
          all.count = std::min(all.count + ways.count, 2);
          all.held |= ways.held;
        }
    } else if (std::holds_alternative<InOrderNode>(node.content)) {
      for (const auto& [each, ways] : of(node.inputs[0])) found[each] = {1, true};  // they go on as one
    } else if (std::holds_alternative<UniqueNode>(node.content) || std::holds_alternative<RunningNode>(node.content)) {
      for (const auto& [each, ways] : of(node.inputs[0])) found[each] = {ways.count, true};
    } else if (std::holds_alternative<JoinNode>(node.content) || !stateful(node) ||
               std::holds_alternative<RetimeNode>(node.content)) {
      return of(node.inputs[0]);
    }
    // The rows of others are made there, and have no place among those of a source.
    return found;
  }

  const Plan& plan_;
  std::map<int, Origins> known_;
};

/// Whether rows of one source partition come here by several ways, on one of which a step holds them.
bool meet_held_ones(const Plan& plan, int at) {
  return std::ranges::any_of(WaysInto(plan).of(at),
                             [](const auto& each) { return each.second.count > 1 && each.second.held; });
}

/// Of kArrival and kHeaders behind the source, as compiler/check calls them.
std::string kept_name(std::string_view column) {
  return kKeptMark + std::string(column.substr(1));
}

}  // namespace

int Builder::from(const typed::FromStep& from, const typed::Step& step, const typed::Relation& owner) {
  if (!from.port.empty()) return from.port == kChangesPort ? read_changes(from, step, owner) : read_port(from, step);
  if (!from.by_arrival && !from.arrival && !from.headers) return relation(from.relation);
  if (!project_.relations[from.relation].source) {
    const int at = relation(from.relation);
    return by_arrival(at, find_field(row(at), kept_name(typed::kArrival)), step, owner);
  }
  int at = source(from.relation);
  if (from.by_arrival) at = by_arrival(at, find_field(row(at), typed::kArrival), step, owner);
  return without(at, from.arrival, from.headers, step.text, step.span);
}

int Builder::retime(int at, const typed::Relation& relation) {
  const std::vector<int> path = relation.time_path.empty() ? std::vector<int>{relation.time_field} : relation.time_path;
  const std::string field = fmt::format("time {}", fmt::join(typed::path_names(relation.row, path), "."));
  const std::string text = fmt::format("{} within {}", field, to_literal(duration_type(), Value{relation.within_us}));
  at = read_all(at, "read", field, relation.span);
  int column = path.front();
  if (path.size() > 1) {  // Inside a struct: a column behind the others, until rows have it.
    const ExpressionRef time = typed::read_path(row(at), path, relation.span);
    column = static_cast<int>(row(at).size());
    at = carry(at, text, relation.span);
    std::get<ProjectNode>(plan_.nodes[at].content).columns.push_back(time);
    plan_.nodes[at].row.push_back({fmt::format("{}time", kHiddenMark), time->type});
  }
  at = by_column({column, relation.within_us}, at, relation.name + ": " + text, text, relation.span);
  if (path.size() == 1) return at;
  at = carry(at, text, relation.span);
  std::get<ProjectNode>(plan_.nodes[at].content).columns.pop_back();
  plan_.nodes[at].row.pop_back();
  return at;
}

int Builder::by_arrival(int at, int column, const typed::Step& step, const typed::Relation& owner) {
  return by_column({column, 0, true}, at, owner.name + ": " + step.text, step.text, step.span);
}

int Builder::by_column(RetimeNode made, int at, std::string label, std::string text, Span span) {
  // What a join releases comes in an order that depends on the arrival of both sides. So do rows that wait on one of
  // two ways by which the records of a source come.
  if (joined_in_time(at) || meet_held_ones(plan_, at))
    at = add({.content = InOrderNode{made.time_column},
              .inputs = {at},
              .row = row(at),
              .text = text,
              .span = span,
              .state = {.label = label + ", in order"}});
  return add({.content = made,
              .inputs = {at},
              .row = row(at),
              .text = std::move(text),
              .span = span,
              .state = {.label = std::move(label)}});
}

int Builder::declared(typed::RelationId id) {
  const typed::Relation& relation = project_.relations[id];
  return without(source(id), false, false, "from " + relation.qualified(), relation.span);
}

int Builder::without(int source, bool arrival, bool headers, std::string text, Span span) {
  std::vector<int> kept;
  for (size_t i = 0; i < row(source).size(); ++i) {
    const std::string& name = row(source)[i].name;
    if ((name == typed::kArrival && !arrival) || (name == typed::kHeaders && !headers)) continue;
    kept.push_back(static_cast<int>(i));
  }
  if (kept.size() == row(source).size() && !arrival && !headers) return source;
  // What says that a row closes its key stays behind the other columns.
  const auto closes = [&](int at) { return row(source)[static_cast<size_t>(at)].name == kDeleted; };
  if (const auto mark = std::ranges::find_if(kept, closes); mark != kept.end()) std::rotate(mark, mark + 1, kept.end());
  Node node{.content = ProjectNode{"carry", {}}, .inputs = {source}, .text = std::move(text), .span = span};
  for (const int at : kept) {
    node.row.push_back(row(source)[at]);
    if (std::string& name = node.row.back().name; name == typed::kArrival || name == typed::kHeaders)
      name = kept_name(name);
    std::get<ProjectNode>(node.content).columns.push_back(column(source, at, span));
  }
  return add(std::move(node));
}

int Builder::source(typed::RelationId id) {
  if (const auto known = sources_.find(id); known != sources_.end()) return known->second;
  const typed::Relation& relation = project_.relations[id];
  Node node{.content = SourceNode{id, {}}, .text = "from " + relation.qualified(), .span = relation.span};
  auto& fields = std::get<SourceNode>(node.content).fields;
  for (size_t i = 0; i < relation.row.size(); ++i) {
    // Only `delete when` reads it, of the record.
    if (relation.row[i].name == typed::kEndsKey) continue;
    bool settled = relation.kind == typed::RelationKind::table || static_cast<int>(i) == relation.time_field ||
                   relation.source->fields[i].fallback != nullptr;
    for (const auto& path : relation.key) settled |= path.front() == static_cast<int>(i);
    fields.push_back(static_cast<int>(i));
    node.row.push_back({relation.row[i].name, settled ? relation.row[i].type : checked_type(relation.row[i].type)});
  }
  if (relation.source->delete_when || relation.source->takes_deletes) {
    fields.push_back(SourceNode::kDeletes);
    node.row.push_back({std::string(kDeleted), bool_type()});
  }
  if (relation.source->reads_arrival) {
    fields.push_back(SourceNode::kArrival);
    node.row.push_back({std::string(typed::kArrival), timestamp_type()});
  }
  if (relation.source->reads_headers) {
    fields.push_back(SourceNode::kHeaders);
    node.row.push_back({std::string(typed::kHeaders), map_type(string_type(), bytes_type())});
  }
  const int at = add(std::move(node));
  if (relation.time_path.empty()) return sources_[id] = at;
  // Rows have their time from here on, and what it was computed for goes.
  const int read = carry(at, plan_.nodes[at].text, relation.span);
  Node& kept = plan_.nodes[read];
  auto& columns = std::get<ProjectNode>(kept.content).columns;
  const auto& kept_fields = std::get<SourceNode>(plan_.nodes[at].content).fields;
  const auto time = std::ranges::find(kept_fields, relation.time_field) - kept_fields.begin();
  columns.erase(columns.begin() + time);
  kept.row.erase(kept.row.begin() + time);
  return sources_[id] = read;
}

}  // namespace braid::plan
