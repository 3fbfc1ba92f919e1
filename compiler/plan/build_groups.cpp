#include "compiler/plan/builder.h"
#include "compiler/plan/match_node.h"
#include "runtime/data/kept_fields.h"

namespace braid::plan {

std::string Builder::label_of(const typed::Step& step, const std::string& name, const typed::Relation& owner) {
  return name.empty() ? owner.name + ": " + step.text : owner.name + " as " + name;
}

int Builder::group(int at, const typed::GroupStep& group, const typed::Step& step, const typed::Relation& owner) {
  GroupNode made{group.windowed && !group.changes, group.window, {}, group.aggregates};
  made.retain_us = group.retain_us;
  made.window_key = group.window_key;
  at = carry(at, step.text, step.span);  // what the step reads of the row, and so what a late one shows
  if (group.retain_us != typed::kForever && !by_time_) at = in_order(at, step, owner);
  std::vector<Field> read = row(at);
  if (group.reads_window) read.push_back({"window", window_type()});
  for (const ExpressionRef& key : group.keys) made.keys.push_back(reading(key, read));
  for (typed::Aggregate& aggregate : made.aggregates)
    for (ExpressionRef* part : {&aggregate.argument, &aggregate.by, &aggregate.filter})
      if (*part) *part = reading(*part, read);
  std::vector<ExpressionRef> finish = group.finish;
  const bool changes = group.changes && group.window.kind != typed::WindowKind::session && group.window_key < 0;
  if (changes || group.reads_window) {
    std::vector<ExpressionRef*> reads;
    for (ExpressionRef& key : made.keys) reads.push_back(&key);
    for (typed::Aggregate& aggregate : made.aggregates) {
      // As the group asks it: only of rows that the filter keeps.
      for (ExpressionRef* part : {&aggregate.argument, &aggregate.by})
        if (*part && aggregate.filter && (*part)->can_fail) *part = typed::computed_if(aggregate.filter, *part);
      for (ExpressionRef* part : {&aggregate.filter, &aggregate.argument, &aggregate.by})
        if (*part) reads.push_back(part);
    }
    at = in_windows(at, group.window, made.keys, reads, step, owner);
    const ExpressionRef window = column(at, static_cast<int>(row(at).size()) - 1, step.span);
    const auto key_count = static_cast<int>(group.keys.size());
    const auto aggregate_count = static_cast<int>(group.aggregates.size());
    std::vector<int> places;  // of what `finish` reads
    if (changes) {
      // The window is a key, in front of the aggregates, and no longer behind them.
      made.window_key = key_count;
      made.keys.push_back(window);
      for (int i = 0; i < key_count; ++i) places.push_back(i);
      for (int i = 0; i < aggregate_count; ++i) places.push_back(key_count + 1 + i);
      places.push_back(key_count);
    } else {
      // Rows bring their windows with them.
      for (int end : {1, 0})
        made.keys.insert(made.keys.begin(), typed::make(timestamp_type(), step.span, typed::FieldRead{window, end}));
      made.window = typed::Window{.kind = typed::WindowKind::span, .late_us = group.window.late_us};
      for (int i = 0; i < key_count + aggregate_count + 1; ++i) places.push_back(i + 2);
    }
    for (ExpressionRef& each : finish) each = typed::remap_columns(each, places);
  }
  Node grouped{.content = GroupNode{}, .inputs = {at}, .row = {}, .text = step.text, .span = step.span};
  for (size_t i = 0; i < made.keys.size(); ++i)
    grouped.row.push_back({fmt::format("{}key{}", kHiddenMark, i), made.keys[i]->type});
  for (const typed::Aggregate& aggregate : made.aggregates)
    grouped.row.push_back(
        {fmt::format("{}aggregate{}", kHiddenMark, grouped.row.size() - made.keys.size()), aggregate.type});
  // Named as the script names them, where it does: rows that do not fit their types are shown so.
  for (size_t i = 0; i < finish.size(); ++i)
    if (const auto* column = as_column(finish[i]); column && column->index < static_cast<int>(grouped.row.size()))
      grouped.row[column->index].name = step.row[i].name;
  if (made.windowed || changes_sessions(made)) grouped.row.push_back({"window", window_type()});
  if (!made.windowed) grouped.row.push_back({std::string(kRetracted), bool_type()});
  grouped.content = std::move(made);
  grouped.state.label = label_of(step, group.name, owner);
  const int grouping = add(std::move(grouped));
  Node finished{.content = ProjectNode{"finish", std::move(finish)},
                .inputs = {grouping},
                .row = step.row,
                .text = step.text,
                .span = step.span};
  carry_mark(grouping, std::get<ProjectNode>(finished.content).columns, finished.row, step.span);
  return add(std::move(finished));
}

Type Builder::window_type() {
  return struct_type({{"start", timestamp_type()}, {"end", timestamp_type()}});
}

int Builder::in_order(int at, const typed::Step& step, const typed::Relation& owner) {
  at = carry(at, step.text, step.span);
  Node node{.content = InOrderNode{}, .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
  node.state.label = owner.name + ": " + step.text + ", in order";
  return add(std::move(node));
}

int Builder::in_windows(int at, const typed::Window& window, std::vector<ExpressionRef>& keys,
                        const std::vector<ExpressionRef*>& reads, const typed::Step& step,
                        const typed::Relation& owner) {
  at = carry(at, step.text, step.span);
  Node& before = plan_.nodes[at];
  const size_t window_column = before.row.size();
  std::vector<bool> of_window;
  for (const ExpressionRef* each : reads) {
    const std::vector<int> read = typed::columns_read(*each);
    of_window.push_back(std::find(read.begin(), read.end(), static_cast<int>(window_column)) != read.end());
  }
  auto& columns = std::get<ProjectNode>(before.content).columns;
  auto computed = [&](const ExpressionRef& value, std::string name) {
    const auto place = static_cast<int>(before.row.size());
    columns.push_back(value);
    before.row.push_back({std::move(name), value->type});
    return typed::make(value->type, value->span, typed::ColumnRead{place});
  };
  InWindowsNode made{window, -1};
  ExpressionRef given;
  if (window.kind == typed::WindowKind::span)
    given = typed::make(window_type(), step.span, typed::MakeStruct{{keys[0], keys[1]}});
  for (size_t i = 0; i < reads.size(); ++i) {
    const bool end = given && (reads[i] == keys.data() || reads[i] == keys.data() + 1);
    if (!end && (*reads[i])->can_fail && !of_window[i])
      *reads[i] = computed(*reads[i], fmt::format("{}read{}", kHiddenMark, i));
  }
  std::vector<int> places(window_column + 1);
  for (size_t i = 0; i < window_column; ++i) places[i] = static_cast<int>(i);
  places.back() = static_cast<int>(before.row.size());  // behind what is computed
  for (size_t i = 0; i < reads.size(); ++i)
    if (of_window[i]) *reads[i] = typed::remap_columns(*reads[i], places);
  if (given) {
    const ExpressionRef read = computed(given, fmt::format("{}window", kHiddenMark));
    made.given = static_cast<int>(before.row.size()) - 1;
    for (int end : {0, 1}) keys[end] = typed::make(timestamp_type(), step.span, typed::FieldRead{read, end});
  }
  Node node{.content = std::move(made), .inputs = {at}, .row = before.row, .text = step.text, .span = step.span};
  if (!given) node.row.push_back({"window", window_type()});
  node.state.label = owner.name + ": " + step.text + ", windows";
  const bool computes = before.row.size() > window_column;
  at = add(std::move(node));
  // What late rows alone show goes no further.
  return computes ? carry(at, step.text, step.span) : at;
}

int Builder::rows_in_windows(int at, const typed::InWindowsStep& in_windows, const typed::Step& step,
                             const typed::Relation& owner) {
  at = carry(at, step.text, step.span);
  Node node{.content = InWindowsNode{in_windows.window, -1, in_windows.joined},
            .inputs = {at},
            .row = row(at),
            .text = step.text,
            .span = step.span};
  node.row.push_back(step.row.back());
  node.state.label = owner.name + ": " + step.text;
  return add(std::move(node));
}

int Builder::running(int at, const typed::RunningStep& running, const typed::Step& step, const typed::Relation& owner) {
  at = carry(at, step.text, step.span);
  RunningNode made{running};
  for (ExpressionRef& key : made.step.keys) key = reading(key, row(at));
  for (typed::Aggregate& aggregate : made.step.aggregates)
    for (ExpressionRef* part : {&aggregate.argument, &aggregate.by, &aggregate.filter})
      if (*part) *part = reading(*part, row(at));
  Node node{.content = std::move(made), .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
  node.row.insert(node.row.end(), step.row.begin() + static_cast<std::ptrdiff_t>(node.row.size()), step.row.end());
  node.state.label = label_of(step, running.name, owner);
  return add(std::move(node));
}

int Builder::top(int at, const typed::TopStep& top, const typed::Step& step, const typed::Relation& owner) {
  at = read_all(at, "read", step.text, step.span);
  const bool sessions = top.changes && top.window.kind == typed::WindowKind::session;
  if (top.changes && !sessions) return top_of_windows(at, top, step, owner);
  if (top.retain_us != typed::kForever && !by_time_) at = in_order(at, step, owner);
  TopNode made{top};
  if (sessions) made.step.windowed = false;
  Node node{.content = std::move(made), .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
  if (retracted_column(node.row) >= 0) node.row.pop_back();
  node.row.insert(node.row.end(), step.row.begin() + static_cast<std::ptrdiff_t>(node.row.size()), step.row.end());
  if (!top.windowed || sessions) node.row.push_back({std::string(kRetracted), bool_type()});
  node.state.label = label_of(step, top.name, owner);
  return add(std::move(node));
}

int Builder::first_of_each(int at, const typed::Unique& unique, const typed::Relation& owner) {
  const std::vector<Field> before = row(at);
  const bool extends =
      std::any_of(unique.below.begin(), unique.below.end(), [](const auto& path) { return !path.empty(); });
  std::string text = "unique";
  for (const int field : unique.fields) text += (text == "unique" ? " " : ", ") + before[field].name;
  if (extends) at = carry(at, text, unique.span);
  UniqueNode made{{}, unique.within_us};
  for (size_t i = 0; i < unique.fields.size(); ++i) {
    if (unique.below[i].empty()) {
      made.columns.push_back(unique.fields[i]);
      continue;
    }
    std::vector<int> path{unique.fields[i]};
    path.insert(path.end(), unique.below[i].begin(), unique.below[i].end());
    const ExpressionRef value = typed::read_path(before, path, unique.span);
    Node& carried = plan_.nodes[at];
    made.columns.push_back(static_cast<int>(carried.row.size()));
    std::get<ProjectNode>(carried.content).columns.push_back(value);
    carried.row.push_back({fmt::format("{}key{}", kHiddenMark, made.columns.size()), value->type});
  }
  at = add({.content = std::move(made),
            .inputs = {at},
            .row = row(at),
            .text = text,
            .span = unique.span,
            .state = {.label = owner.name + ": " + text}});
  if (!extends) return at;
  at = carry(at, text, unique.span);
  std::get<ProjectNode>(plan_.nodes[at].content).columns.resize(before.size());
  plan_.nodes[at].row.resize(before.size());
  return at;
}

int Builder::top_of_windows(int at, const typed::TopStep& top, const typed::Step& step, const typed::Relation& owner) {
  TopNode made{top, -1};
  made.step.windowed = made.step.changes = made.step.adds_window = false;
  const size_t before = row(at).size();
  std::vector<ExpressionRef*> reads;
  for (ExpressionRef& key : made.step.keys) reads.push_back(&key);
  for (typed::Ordering& order : made.step.orders) reads.push_back(&order.value);
  at = in_windows(at, top.window, made.step.keys, reads, step, owner);
  const auto window = static_cast<int>(row(at).size()) - 1;
  made.window_key = static_cast<int>(made.step.keys.size());
  made.step.keys.push_back(column(at, window, step.span));
  Node node{.content = std::move(made), .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
  if (top.numbered) node.row.push_back(step.row.back());
  node.row.push_back({std::string(kRetracted), bool_type()});
  node.state.label = label_of(step, top.name, owner);
  at = add(std::move(node));
  // What was computed for the step alone does not go on.
  Node kept{.content = ProjectNode{"carry", {}}, .inputs = {at}, .row = step.row, .text = step.text, .span = step.span};
  auto& columns = std::get<ProjectNode>(kept.content).columns;
  for (size_t i = 0; i < before; ++i) columns.push_back(column(at, static_cast<int>(i), step.span));
  if (top.adds_window) columns.push_back(column(at, window, step.span));
  if (top.numbered) columns.push_back(column(at, window + 1, step.span));
  carry_mark(at, columns, kept.row, step.span);
  return add(std::move(kept));
}

int Builder::distinct(int at, const typed::DistinctStep& distinct, const typed::Step& step,
                      const typed::Relation& owner) {
  at = carry(at, step.text, step.span);
  const std::vector<Field> before = row(at);
  UniqueNode made{{}, distinct.within_us, true};
  for (const ExpressionRef& key : distinct.keys) {
    const ExpressionRef value = reading(key, before);
    if (const auto* plain = as_column(value)) {
      made.columns.push_back(plain->index);
      continue;
    }
    Node& carried = plan_.nodes[at];
    made.columns.push_back(static_cast<int>(carried.row.size()));
    std::get<ProjectNode>(carried.content).columns.push_back(value);
    carried.row.push_back({fmt::format("{}key{}", kHiddenMark, made.columns.size()), value->type});
  }
  Node node{.content = std::move(made), .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
  node.state.label = distinct.name.empty() ? owner.name + ": " + step.text : owner.name + " as " + distinct.name;
  const bool extended = row(at).size() > before.size();
  at = add(std::move(node));
  if (!extended) return at;
  at = carry(at, step.text, step.span);
  std::get<ProjectNode>(plan_.nodes[at].content).columns.resize(before.size());
  plan_.nodes[at].row.resize(before.size());
  return at;
}

int Builder::match(int at, const typed::MatchStep& pattern, const typed::Step& step, const typed::Relation& owner) {
  at = carry(read_all(at, "read", step.text, step.span), step.text, step.span);
  const std::vector<Field> before = row(at);
  MatchNode made{.within_us = pattern.within_us};
  for (size_t i = 0; i < before.size(); ++i)
    if (is_shown(before[i])) made.fields.push_back(static_cast<int>(i));
  auto beside = [&](const ExpressionRef& value, std::string_view name) {
    if (const auto* plain = as_column(value)) return plain->index;
    Node& carried = plan_.nodes[at];
    const int column = static_cast<int>(carried.row.size());
    std::get<ProjectNode>(carried.content).columns.push_back(value);
    carried.row.push_back({fmt::format("{}{}{}", kHiddenMark, name, column), value->type});
    return column;
  };
  for (const ExpressionRef& key : pattern.keys) made.keys.push_back(beside(key, "key"));
  std::vector<ExpressionRef> rests;
  for (const typed::PatternElement& element : pattern.elements) {
    SplitCondition condition = split_condition(element.condition, static_cast<int>(before.size()));
    const auto* constant = condition.row ? std::get_if<typed::Constant>(&condition.row->node) : nullptr;
    const bool* known = constant != nullptr ? std::get_if<bool>(&constant->value.content) : nullptr;
    const bool always = known != nullptr && *known;
    made.elements.push_back({.kind = element.kind,
                             .name = element.name,
                             .least = element.least,
                             .most = element.most,
                             .list = element.list,
                             .fit = condition.row && !always ? beside(condition.row, "fit") : -1});
    rests.push_back(std::move(condition.rest));
  }
  // The columns of elements are behind those that came in meanwhile.
  const int moved = static_cast<int>(row(at).size() - before.size());
  std::vector<int> places;
  for (size_t i = 0; i < before.size(); ++i) places.push_back(static_cast<int>(i));
  for (size_t i = 0; i < pattern.elements.size(); ++i) places.push_back(static_cast<int>(before.size() + i) + moved);
  int output = static_cast<int>(pattern.keys.size());
  for (size_t i = 0; i < pattern.elements.size(); ++i) {
    if (rests[i]) made.elements[i].rest = typed::remap_columns(rests[i], places);
    if (pattern.elements[i].kind != typed::ElementKind::absent) made.elements[i].output = output++;
  }
  Node node{.content = std::move(made), .inputs = {at}, .row = step.row, .text = step.text, .span = step.span};
  node.state.label = pattern.name.empty() ? owner.name + ": " + step.text : owner.name + " as " + pattern.name;
  return add(std::move(node));
}

}  // namespace braid::plan
