#include "compiler/plan/digest.h"

#include "compiler/plan/match_node.h"

#include <set>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace braid::plan {
namespace {

/// Rows print columns by number, so that renaming a field keeps the state of what reads it.
std::vector<Field> unnamed(const std::vector<Field>& row) {
  std::vector<Field> numbered = row;
  for (size_t i = 0; i < numbered.size(); ++i) numbered[i].name = std::to_string(i);
  return numbered;
}

std::string row_text(const std::vector<Field>& row) {
  std::string text;
  for (const Field& field : row) text += to_string(field.type) + ";";
  return text;
}

class Meaning {
 public:
  Meaning(const Node& node, const Plan& plan, const typed::Project& project)
      : node_(node), plan_(plan), project_(project) {}

  std::string text() const { return std::visit(*this, node_.content); }

  std::string operator()(const SourceNode& source) const {
    const typed::Relation& relation = project_.relations[source.relation];
    std::string text =
        "source " + relation.qualified() + fmt::format(" v{} within {} ", relation.version, relation.within_us);
    for (size_t i = 0; i < source.fields.size(); ++i)
      text += (source.fields[i] < 0 ? std::string(kDeleted) : relation.row[source.fields[i]].name) + ":" +
              to_string(node_.row[i].type) + ";";
    for (const int field : source.fields)
      if (field < 0)
        continue;
      else if (const auto& fallback = relation.source->fields[field].fallback)
        text += " = " + typed::print(*fallback, unnamed(relation.row));
    if (relation.source->delete_when)
      text += " delete " + typed::print(*relation.source->delete_when, unnamed(relation.row));
    return text;
  }
  std::string operator()(const TickNode& ticks) const { return fmt::format("every {}", ticks.every_us); }
  std::string operator()(const KeepNode& keep) const {
    return (keep.stops ? "keep or stop " : "keep ") + expression(keep.condition, 0);
  }
  std::string operator()(const ProjectNode& project) const {
    std::string text = "project";
    for (const auto& column : project.columns) text += " " + expression(column, 0);
    return text;
  }
  std::string operator()(const UnionNode&) const { return "union"; }
  std::string operator()(const JoinNode& join) const {
    const typed::JoinStep& step = join.step;
    std::string text = fmt::format("join {} {} {} age {} range {} {} retain {}", static_cast<int>(step.kind), step.left,
                                   step.nearest, step.max_age_us.value_or(-1), step.lower_us.value_or(typed::kForever),
                                   step.upper_us.value_or(typed::kForever), step.retain_us.value_or(-1));
    if (step.yield != typed::JoinYield::matches) text += step.yield == typed::JoinYield::semi ? " semi" : " anti";
    if (step.right) text += " right";
    if (step.upper) text += " upper " + expression(step.upper, 0);
    if (step.latest) text += " latest";
    if (step.wait_us) text += fmt::format(" wait {}", *step.wait_us);
    if (join.meets_one) text += " meets one";
    if (join.right_filter) text += " right filter " + expression(join.right_filter, 1);
    for (const auto& key : step.left_keys) text += " " + expression(key, 0);
    for (const auto& key : step.right_keys) text += " " + expression(key, 1);
    if (typed::by_index(step)) text += " by index";
    for (const auto& key : join.table_key) text += " " + expression(key, 1);
    return text + condition(step);
  }
  std::string operator()(const GroupNode& group) const {
    std::string text = "group" + windows(group.windowed || changes_sessions(group), group.window);
    if (changes_sessions(group)) text += " changes";
    for (const auto& key : group.keys) text += " " + expression(key, 0);
    for (const auto& aggregate : group.aggregates) text += folded(aggregate);
    return text + forgets(group.window_key, group.window, group.retain_us);
  }
  std::string operator()(const TopNode& top) const {
    const typed::TopStep& step = top.step;
    std::string text = "top" + windows(step.windowed, step.window);
    text += fmt::format(" first {} ties {} window {} numbered {}", step.count, step.with_ties, step.adds_window,
                        step.numbered);
    for (const auto& key : step.keys) text += " " + expression(key, 0);
    for (const auto& order : step.orders)
      text += (order.descending ? " descending " : " by ") + expression(order.value, 0);
    return text + forgets(top.window_key, step.window, step.retain_us);
  }
  std::string operator()(const RunningNode& running) const {
    const typed::RunningStep& step = running.step;
    std::string text = fmt::format("running rows {} within {} retain {}", step.rows, step.within_us, step.retain_us);
    for (const auto& key : step.keys) text += " " + expression(key, 0);
    for (const auto& aggregate : step.aggregates) text += (aggregate.before ? " before" : "") + folded(aggregate);
    return text;
  }
  std::string operator()(const LatestNode& latest) const {
    std::string text = latest.versions ? "latest version" : "latest";
    for (const auto& key : latest.keys) text += " " + expression(key, 0);
    return text + forgets(-1, {}, latest.retain_us);
  }
  std::string operator()(const MovesNode& moves) const {
    std::string text = fmt::format("moves {} {}", moves.first, moves.count);
    for (const auto& key : moves.keys) text += " " + expression(key, 0);
    return text;
  }
  std::string operator()(const TableJoinNode& join) const {
    std::string text = fmt::format("join tables {}", join.step.left);
    for (const auto& key : join.step.left_keys) text += " " + expression(key, 0);
    for (const auto& key : join.step.right_keys) text += " " + expression(key, 1);
    if (join.step.right) text += " right";
    if (join.step.yield != typed::JoinYield::matches) text += " " + std::string(typed::outcome_word(join.step));
    return text + condition(join.step);
  }
  std::string operator()(const NetNode& net) const {
    std::string text = "net";  // whatever form its changes go out in
    for (const auto& key : net.keys) text += " " + expression(key, 0);
    return text;
  }
  std::string operator()(const InstantsNode& instants) const {
    std::string text = instants.versions ? "instants of versions" : "instants";
    if (instants.pair >= 0) text += " of a pair";
    for (const auto& key : instants.keys) text += " " + expression(key, 0);
    return text;
  }
  std::string operator()(const EmitNode& emit) const {
    return fmt::format("emit every {}{}", emit.every_us, emit.wall ? " wall" : "");
  }
  std::string operator()(const InWindowsNode& in_windows) const {
    return "in" + windows(true, in_windows.window) + fmt::format(" given {}", in_windows.given);
  }
  std::string operator()(const InOrderNode&) const { return "in order"; }
  std::string operator()(const UnnestNode& unnest) const {
    std::string text = unnest.left ? "left unnest" : "unnest";
    if (unnest.fields) text += fmt::format(" fields {}", fmt::join(*unnest.fields, ","));
    return text;
  }
  std::string operator()(const LookupNode& lookup) const {
    const typed::Service& service = project_.services[static_cast<size_t>(lookup.step.service)];
    return fmt::format("{} {} {} to {}{}{}", lookup.step.left ? "left lookup" : "lookup", service.qualified(),
                       row_text(service.parameters), row_text(service.result), service.stops ? " or stop" : "",
                       lookup.step.port.empty() ? "" : " else " + lookup.step.port);
  }
  std::string operator()(const RetimeNode& retime) const {
    return fmt::format("time {} within {}", retime.time_column, retime.within_us);
  }
  std::string operator()(const UniqueNode& unique) const {
    return fmt::format("{} {} within {}", unique.drops ? "distinct" : "unique", fmt::join(unique.columns, ","),
                       unique.within_us);
  }
  std::string operator()(const MatchNode& match) const {
    std::string text = fmt::format("match {} within {} fields {}", fmt::join(match.keys, ","), match.within_us,
                                   fmt::join(match.fields, ","));
    const std::vector<Field> row = unnamed(match_row(match, input(0)));
    for (const MatchNode::Element& element : match.elements) {
      text += fmt::format(" element {} {}..{} {} {}", static_cast<int>(element.kind), element.least, element.most,
                          element.list, element.fit);
      if (element.rest) text += " " + typed::print(*element.rest, row);
      if (element.output >= 0) text += fmt::format(" to {}", element.output);
    }
    return text;
  }
  std::string operator()(const AlertNode& alert) const { return "alert " + expression(alert.condition, 0); }
  std::string operator()(const PublishNode& publish) const {
    return "publish " + project_.relations[plan_.products[publish.product]].qualified();
  }
  std::string operator()(const PortNode& port) const {
    return "port " + project_.relations[plan_.products[port.product]].qualified() + " " + port.port;
  }

 private:
  std::string condition(const auto& join) const {
    if (!join.residual) return "";
    return " residual " + typed::print(*join.residual, unnamed(condition_row(input(0), input(1), "")));
  }
  /// When a step without a window lets its keys go.
  static std::string forgets(int window_key, const typed::Window& window, int64_t retain_us) {
    std::string text;
    if (window_key >= 0) text += fmt::format(" window key {} late {}", window_key, window.late_us);
    if (retain_us != typed::kForever) text += fmt::format(" retain {}", retain_us);
    return text;
  }
  static std::string windows(bool windowed, const typed::Window& window) {
    if (!windowed) return " of all time";
    std::string text =
        fmt::format(" {} {} {} {} {} {} {} late {}", static_cast<int>(window.kind), window.size_us, window.slide_us,
                    static_cast<int>(window.unit), window.size_units, window.slide_units, window.zone, window.late_us);
    if (window.kind == typed::WindowKind::session) text += fmt::format(" gap {} max {}", window.gap_us, window.max_us);
    if (window.slide_unit != window.unit) text += fmt::format(" by {}", static_cast<int>(window.slide_unit));
    return text;
  }
  std::string folded(const typed::Aggregate& aggregate) const {
    std::string text = fmt::format(" aggregate {} {}", static_cast<int>(aggregate.kind), to_string(aggregate.type));
    for (const auto& part : {aggregate.argument, aggregate.by, aggregate.filter})
      text += part ? " " + expression(part, 0) : " none";
    return text + typed::constant_text(aggregate);
  }
  const std::vector<Field>& input(int index) const { return plan_.nodes[node_.inputs[index]].row; }
  std::string expression(const typed::ExpressionRef& expression, int over) const {
    return typed::print(*expression, unnamed(input(over)));
  }

  const Node& node_;
  const Plan& plan_;
  const typed::Project& project_;
};

}  // namespace

namespace {

/// Of a step that groups rows by windows, or by none.
const typed::Window* window_of(const Node& node) {
  if (const auto* top = std::get_if<TopNode>(&node.content)) return &top->step.window;
  const auto* group = std::get_if<GroupNode>(&node.content);
  return group != nullptr ? &group->window : nullptr;
}

}  // namespace

uint64_t digest(std::string_view text) {
  return XXH3_64bits_withSeed(text.data(), text.size(), 0);
}

std::string meaning(const Node& node, const Plan& plan, const typed::Project& project) {
  return Meaning(node, plan, project).text();
}

void identify(Plan& plan, const typed::Project& project) {
  std::vector<uint64_t> digests;
  std::set<uint64_t> identities;
  std::string whole;
  for (Node& node : plan.nodes) {
    std::string text = meaning(node, plan, project);
    for (const int input : node.inputs) text += fmt::format(" <{:016x}>", digests[input]);
    digests.push_back(digest(text));
    whole += fmt::format("{:016x}", digests.back());
    if (!stateful(node)) continue;
    std::vector<Field> row = node.row;
    // What stands behind a change is not kept.
    if (const auto* net = std::get_if<NetNode>(&node.content); net != nullptr && net->whole) row.resize(row.size() - 2);
    std::string schema = row_text(row);
    for (const int input : node.inputs) schema += "|" + row_text(plan.nodes[input].row);
    // The layout of a window's state: a version, so that a store of an older one is not misread.
    const auto* top = std::get_if<TopNode>(&node.content);
    if (top != nullptr) schema += "|ranked 1";
    if (const auto* running = std::get_if<RunningNode>(&node.content))
      schema += running->step.rows > 0 || running->step.within_us > 0 ? "|running rows 1" : "|running 1";
    if (const typed::Window* window = window_of(node))
      schema += window->kind == typed::WindowKind::session
                    ? fmt::format("|sessions 1 {} {}", window->gap_us, window->max_us)
                    : "|slices 2";
    // Such keys have a time with them at which they are forgotten.
    const auto* group = std::get_if<GroupNode>(&node.content);
    const auto* latest = std::get_if<LatestNode>(&node.content);
    const bool of_windows = (group != nullptr && group->window_key >= 0) || (top != nullptr && top->window_key >= 0);
    if (of_windows || (group != nullptr && group->retain_us != typed::kForever) ||
        (top != nullptr && top->step.retain_us != typed::kForever) ||
        (latest != nullptr && latest->retain_us != typed::kForever))
      schema += of_windows ? "|of windows 1" : "|forgets 1";
    // What is stored of a pattern are places in it.
    if (std::holds_alternative<MatchNode>(node.content)) schema += "|matches 1 " + meaning(node, plan, project);
    node.state.schema = digest(schema);
    const bool named =
        node.state.label.find(" as ") != std::string::npos &&
        (std::holds_alternative<GroupNode>(node.content) || std::holds_alternative<TopNode>(node.content) ||
         std::holds_alternative<RunningNode>(node.content) || std::holds_alternative<LatestNode>(node.content) ||
         std::holds_alternative<UniqueNode>(node.content) || std::holds_alternative<MatchNode>(node.content));
    node.state.identity = named ? digest(node.state.label) : digests.back();
    // Equal steps of several products have equal states, one each.
    while (!identities.insert(node.state.identity).second)
      node.state.identity = digest(fmt::format("{:016x} again", node.state.identity));
    if (node.state.label.empty()) node.state.label = node.text;
  }
  plan.id = digest(whole);
}

}  // namespace braid::plan
