#include "compiler/check/closest.h"
#include "compiler/check/constants.h"
#include "compiler/check/flow.h"
#include "compiler/check/foreign_reads.h"
#include "runtime/base/overloaded.h"
#include "runtime/data/kept_fields.h"
#include "runtime/report/derived_findings.h"
#include "runtime/report/short_text.h"
#include "runtime/report/step_findings.h"
#include "runtime/report/window_findings.h"

namespace braid::checking {
namespace {

std::string root_of(const std::string& path) {
  return path.substr(0, path.find('.'));
}

}  // namespace

FlowChecker::FlowChecker(Context& context, RelationInfo& info)
    : context_(context), info_(info), place_(place_of(*info.declaration)) {}

void FlowChecker::run(const std::vector<ast::Clause>& clauses, const ast::Flow& flow) {
  const Declaration& declaration = *info_.declaration;
  made_.kind = declaration.kind() == "view" ? typed::RelationKind::view : typed::RelationKind::product;
  made_.domain = declaration.domain->name;
  made_.name = declaration.name.text + (keeps_time_ ? kTimedName : "");
  const bool form_of_product = keeps_time_ && made_.kind == typed::RelationKind::product;
  if (keeps_arrival_ || keeps_headers_) made_.name += " as it came";
  made_.version = declaration.version;
  made_.is_public = declaration.item->is_public;
  made_.documentation = declaration.item->doc;
  made_.span = declaration.name.span;
  const CallsOf calls(context_, declaration);
  flow_ = &flow;
  step_ = SIZE_MAX;  // in front of the first
  for (size_t i = 0; i < flow.steps.size(); ++i)
    if (context_.text(flow.steps[i].span).find("event_time") != std::string_view::npos)
      time_read_ = static_cast<int>(i);
  const bool begun = flow.from && from(*flow.from);
  if (!begun) {
    // Nothing is known of the rows: what depends on that is silent.
    row_.open = true;
    row_.has_time = true;
    row_.key_stated = true;
  }
  row_.names_of_steps = names_of_steps(flow);
  bool before_from = false;
  for (size_t i = 0; i < flow.steps.size(); ++i) {
    // Steps above `from`, which is reported: what they mean depends on all that stands below.
    if (flow.from && flow.steps[i].span.begin < flow.from->span.begin) {
      before_from = true;
      continue;
    }
    cut_off_ = i + 1 < flow.steps.size() && std::holds_alternative<ast::ErrorStep>(flow.steps[i + 1].node);
    flow_ = &flow;
    step_ = i;
    before_step(flow.steps[i]);
    step(flow.steps[i]);
  }
  flow_ = nullptr;
  ends_ = true;
  finish_row_time(made_.span);
  row_.open |= before_from;
  end_window(flow.span);
  drop_originals(!flow.steps.empty() ? flow.steps.back().span : flow.from ? flow.from->span : made_.span);
  if (flow.from) move_ticks(*flow.from);
  finish_table(clauses);
  leaves_by_ports_once();
  made_.has_time = row_.has_time;
  made_.time_field = row_.time_field;
  finish_header(clauses);
  info_.row = row_;
  info_.row.relation = declaration.name.text;
  info_.row.relation_span = declaration.name.span;
  info_.row.alias.clear();
  info_.row.alias_columns.clear();
  info_.row.present.clear();
  info_.row.names_of_steps.clear();
  info_.row.step = {};
  for (RowField& field : info_.row.fields) field.from_script = false;
  const auto outputs = static_cast<std::ptrdiff_t>(context_.outputs.size());
  check_contract(context_, info_, clauses, made_);
  // Only the product is written.
  if (form_of_product) context_.outputs.erase(context_.outputs.begin() + outputs, context_.outputs.end());
  info_.row.gone.clear();
  row_ = info_.row;
  info_.is_static = row_.table && !row_.has_time && !row_.changes;
  for (const auto& path : made_.key)
    if (path.size() == 1) info_.key_columns.push_back(path.front());
  made_.row = row_.types();
  if (form_of_product) end_form_of_product();
  check_access(context_, info_, clauses, made_);
  info_.id = static_cast<int>(context_.project.relations.size());
  const bool is_product = made_.kind == typed::RelationKind::product;
  context_.project.relations.push_back(std::move(made_));
  if (is_product) add_outputs(context_, info_, clauses);
}

void FlowChecker::run_declared() {
  const auto& item = info_.declaration->item->node;
  if (const auto* view = std::get_if<ast::View>(&item)) return run(view->clauses, view->flow);
  const auto& product = std::get<ast::Product>(item);
  run(product.clauses, product.flow);
}

void FlowChecker::add(typed::Step step) {
  step.row = row_.types();
  made_.steps.push_back(std::move(step));
}

std::string FlowChecker::step_text(Span span) const {
  // On one line, whatever it is written on; comments left out, long steps cut.
  constexpr size_t kLongest = 100;
  std::string line;
  bool comment = false, blank = false;
  const std::string_view text = context_.text(span);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/' && i + 1 < text.size() && text[i + 1] == '/' && !(i > 0 && text[i - 1] == ':')) comment = true;
    if (text[i] == '\n') comment = false;
    if (comment) continue;
    if (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
      blank = true;
      continue;
    }
    if (blank && !line.empty()) line += ' ';
    blank = false;
    line += text[i];
  }
  return shortened(line, kLongest);
}

bool FlowChecker::from(const ast::From& from) {
  info_.from_span = from.span;
  if (const auto* every = std::get_if<ast::FromEvery>(&from.node)) return from_every(from, *every);
  const auto& node = std::get<ast::FromRelation>(from.node);
  const Resolved resolved = resolve_relation(context_, place_, node.relation);
  if (resolved.declaration == nullptr) return false;
  RelationInfo* read = &need_relation(context_, *resolved.declaration, from.span);
  if (resolved.port) {
    if (!may_read_port(context_, *resolved.declaration, *resolved.port, *place_.domain, resolved.purpose,
                       node.relation.span))
      return false;
    read = port_table(*resolved.declaration, resolved.port->text);
  } else {
    read = &read_from_domain(context_, *read, *place_.domain, resolved.purpose, node.relation.span);
  }
  if (read == nullptr) {
    const bool begun = from_port(from, *resolved.declaration, *resolved.port);
    if (node.by_arrival && begun)
      never_arrived(cover(context_.word(from.span, "by"), context_.word(from.span, "arrival")));
    return begun;
  }
  from_relation_span_ = node.relation.span;
  if (read->row.changes && (keeps_time_ || time_read_ >= 0))
    if (RelationInfo* timed = with_row_time(*read)) read = timed;
  const bool declared = read->id >= 0 && context_.project.relations[static_cast<size_t>(read->id)].source.has_value();
  if (!declared) read = &as_it_came(*read, node.by_arrival);
  const RelationInfo& source = *read;
  row_ = source.row;
  row_.alias.clear();
  row_.key_stated = row_.key.empty();
  row_.without_record = how_it_came_of(*read, resolved);
  for (RowField& field : row_.fields) field.from_script = false;
  if (from.as) {
    row_.alias = from.as->text;
    for (size_t i = 0; i < row_.fields.size(); ++i)
      if (row_.fields[i].name[0] != kOriginalMark)
        row_.alias_columns.emplace_back(row_.fields[i].name, static_cast<int>(i));
    if (const int hidden = row_.find(from.as->text); hidden >= 0) {
      auto report = context_.reporter.report(diag::HidesField{.name = from.as->text, .relation = row_.relation});
      report.at(from.as->span, "hides a field");
      if (const Span declared = row_.fields[static_cast<size_t>(hidden)].declared; !declared.empty())
        report.also(declared, "declared here");
    }
  }
  for (const auto& [name, param] : place_.domain->params) {
    const int hidden = row_.find(name);
    if (hidden < 0) continue;
    auto report = context_.reporter.report(diag::HidesField{.name = name, .relation = row_.relation});
    report.at(param->name.span, "nearer than the field");
    if (const Span declared = row_.fields[static_cast<size_t>(hidden)].declared; !declared.empty())
      report.also(declared, "declared here");
    report.note("in flows over `" + row_.relation + "` the name means the param");
  }
  if (source.id >= 0) {
    typed::FromStep made{source.id};
    const bool timeless = row_.table && !row_.has_time;  // followed by arrival, and not read whole
    if (declared)
      add_how_it_came(node.by_arrival && (!timeless || use_untimed(source.id, false, from.span)), made, from.span);
    if (node.by_arrival && !declared) by_arrival_of_flow(from, made);
    add({.content = made, .row = {}, .span = from.span, .text = step_text(from.span)});
  }
  return source.state == RelationInfo::State::done;
}

void FlowChecker::step(const ast::Step& step) {
  const Span span = step.span;
  row_.step = span;
  std::visit(Overloaded{
                 [&](const ast::Union& node) { unite(node, span); },
                 [&](const ast::Where& node) { where(node, span); },
                 [&](const ast::Let& node) { let(node, span); },
                 [&](const ast::Select& node) { select(node, span); },
                 [&](const ast::Drop& node) { drop(node, span); },
                 [&](const ast::Rename& node) { rename(node, span); },
                 [&](const ast::Join& node) { join(node, span); },
                 [&](const ast::Lookup& node) { lookup(node, span); },
                 [&](const ast::Unnest& node) { unnest(node, span); },
                 [&](const ast::Window& node) { window(node, span); },
                 [&](const ast::Group& node) { group(node, span); },
                 [&](const ast::Running& node) { running(node, span); },
                 [&](const ast::Top& node) { top(node, span); },
                 [&](const ast::Last& node) { last(node, span); },
                 [&](const ast::Distinct& node) { distinct(node, span); },
                 [&](const ast::Match& node) { match(node, span); },
                 [&](const ast::ErrorStep&) {
                   row_.open = true;
                   forget_optional({});
                 },
             },
             step.node);
}

std::vector<FlowChecker::Column> FlowChecker::unchanged() const {
  std::vector<Column> columns;
  for (size_t i = 0; i < row_.fields.size(); ++i) {
    const RowField& field = row_.fields[i];
    columns.push_back({field, typed::make(field.type, field.declared, typed::ColumnRead{static_cast<int>(i)})});
  }
  return columns;
}

void FlowChecker::project(std::string word, std::vector<Column> columns, Span span) {
  keep_originals(columns);
  keep_how_it_came(columns);
  keep_row_time(columns);
  auto moved_to = [&](int column) {
    int found = -1;
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto* read = std::get_if<typed::ColumnRead>(&columns[i].value->node);
      if (read == nullptr || read->index != column) continue;
      if (found < 0 || columns[i].field.name == row_.fields[static_cast<size_t>(column)].name)
        found = static_cast<int>(i);
    }
    return found;
  };
  Row next = row_;
  next.fields.clear();
  if (row_.window != nullptr) next.window = moved_window(moved_to, columns, span);
  if (row_.time_field >= 0) next.time_field = moved_to(row_.time_field);
  for (KeyPart& part : next.key) {
    std::set<int> derived;
    for (const int column : part.derived)
      if (const int place = moved_to(column); place >= 0) derived.insert(place);
    for (size_t i = 0; i < columns.size(); ++i) {
      const std::vector<int> read = typed::columns_read(columns[i].value);
      if (read.size() == 1 && ((part.window && read[0] == part.column) || part.derived.contains(read[0])))
        derived.insert(static_cast<int>(i));
    }
    part.derived = std::move(derived);
    if (part.column < 0) continue;
    const int column = part.column;
    part.column = moved_to(column);
    if (part.column >= 0) continue;
    if (!part.path.empty()) {
      const std::vector<int> found = place_in(columns, column, part.path);
      if (found.empty()) continue;
      part.column = found.front();
      part.path.assign(found.begin() + 1, found.end());
    } else if (part.window) {
      for (const int end : {0, 1}) {
        const std::vector<int> found = place_in(columns, column, {end});
        if (part.column >= 0 || found.empty()) continue;
        part.column = found.front();
        part.path.assign(found.begin() + 1, found.end());
      }
    }
  }
  for (auto& [name, column] : next.alias_columns)
    if (column >= 0) column = moved_to(column);
  std::erase_if(next.present, [&](const std::string& path) {
    const int before = row_.find(root_of(path));
    if (before < 0) return true;
    const int after = moved_to(before);
    return after < 0 || columns[static_cast<size_t>(after)].field.name != root_of(path);
  });
  typed::ProjectStep made{std::move(word), {}};
  for (Column& column : columns) {
    column.field.type = column.value->type;
    next.fields.push_back(std::move(column.field));
    made.columns.push_back(std::move(column.value));
  }
  row_ = std::move(next);
  add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
}

void FlowChecker::unite(const ast::Union& node, Span span) {
  const Resolved resolved = resolve_relation(context_, place_, node.relation);
  if (resolved.declaration == nullptr) return;
  RelationInfo* read = other_relation(resolved, node.relation.span, span);
  if (read == nullptr) return;
  if (window_ && window_->sound && !row_.open && row_.find(kWindowField) >= 0) {
    const Span word = context_.word(span, "union");
    context_.reporter.report(diag::WindowLost{.step = "union"})
        .at(word, "the rows that come to these are in none")
        .also(window_->word, "each row stands in its windows from here on")
        .note("`union` in front of `window` puts the rows of both in windows");
    window_->sound = false;
    row_.open = true;
    return;
  }
  if (row_.table && read->row.table && reads_row_time(false)) {
    add_row_time(span);
    RelationInfo* timed = row_.find(kRowTime) >= 0 ? with_row_time(*read) : nullptr;
    if (timed != nullptr)
      read = timed;
    else
      lose_row_time(span);
  }
  read = unite_as_they_came(read, resolved, span);
  RelationInfo& other = *read;
  const std::string name = path_text(node.relation.path);
  if (other.row.table != row_.table && !other.row.open && !row_.open) {
    context_.reporter.report(diag::UnionOfKinds{.relation = name, .kind = other.row.table ? "table" : "stream"})
        .at(node.relation.span, other.row.table ? "a table: its rows change and go" : "a stream: its rows stay")
        .also(row_.relation_span, row_.table ? "a table" : "a stream")
        .note("`last per k retain forever` in a view makes a table of a stream; a stream can be joined with a table");
    return;
  }
  typed::UnionStep made{other.id, {}};
  if (!same_fields(other, name, node.relation.span, made)) return;
  if (row_.time_field >= 0 && made.columns[static_cast<size_t>(row_.time_field)] != other.row.time_field)
    row_.time_field = -1;
  row_.time_of_window &= other.row.time_of_window;
  if (row_.has_time && !other.row.has_time) {
    context_.no_event_time(other.row, name, "union")
        .at(node.relation.span, "has no event time")
        .also(other.row.relation_span, "declared here without `time`");
  }
  row_.lose_alias(context_.word(span, "union"), false);
  if (other.id < 0) return;
  if (row_.table) return unite_tables(other, name, node.relation.span, std::move(made), span);
  add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
}

RelationInfo* FlowChecker::other_relation(const Resolved& resolved, Span place, Span step) {
  if (resolved.port) return port_view(*resolved.declaration, *resolved.port, resolved.purpose, place, step);
  return &read_from_domain(context_, need_relation(context_, *resolved.declaration, step), *place_.domain,
                           resolved.purpose, place);
}

bool FlowChecker::same_fields(const RelationInfo& other, const std::string& name, Span place, typed::UnionStep& made) {
  std::vector<std::string> missing;
  bool sound = true;
  for (const RowField& field : row_.fields) {
    const int index = other.row.find(field.name);
    made.columns.push_back(index);
    if (index < 0) {
      missing.push_back(field.name);
      continue;
    }
    const RowField& theirs = other.row.fields[static_cast<size_t>(index)];
    if (is_error(field.type) || is_error(theirs.type) || same(field.type, theirs.type)) continue;
    sound = false;
    auto report = context_.reporter.report(diag::UnionFieldType{
        .field = field.name, .left = type_text(field.type), .right = type_text(theirs.type), .relation = name});
    report.at(place, "has another type of `" + field.name + "`");
    if (!theirs.declared.empty()) report.also(theirs.declared, "declared here");
    if (!field.declared.empty()) report.also(field.declared, "and here");
  }
  for (const RowField& field : other.row.fields)
    if (row_.find(field.name) < 0) missing.push_back(field.name);
  if (row_.open || other.row.open || !sound) return false;
  if (missing.empty()) return true;
  context_.reporter.report(diag::UnionFields{.relation = name, .fields = missing})
      .at(place, "has other fields")
      .note("fields go by their names; a `view` with `select` or `rename` brings them in line");
  return false;
}

bool FlowChecker::port(const ast::Name& name, bool of_join) {
  if (is_standing_port(name.text) && !(of_join && name.text == "unmatched")) {
    context_.reporter.report(diag::PortTaken{.port = name.text})
        .at(name.span, "a name of its own, please")
        .note("every product has `rejected`, `late`, `unmatched` and `alerts`");
    return false;
  }
  info_.ports[name.text] = shown_fields(row_.types());
  note_port(name.text);
  if (row_.open) info_.open_ports.insert(name.text);
  return true;
}

void FlowChecker::where(const ast::Where& node, Span span) {
  if (node.condition == nullptr) return;
  Expressions expressions(context_, place_, &row_);
  const typed::ExpressionRef condition = expressions.condition(*node.condition);
  typed::WhereStep made{condition, {}};
  if (node.otherwise && row_.table)
    table_port(*node.otherwise, condition, span);
  else if (node.otherwise && port(*node.otherwise, false))
    made.port = node.otherwise->text;
  add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
  if (is_poison(condition)) return forget_optional(context_.text(span));
  Expressions facts(context_, place_, &row_);
  facts.assume(*node.condition, true);
  narrow(facts.assumed(), span);
}

void FlowChecker::forget_optional(std::string_view step) {
  for (RowField& field : row_.fields)
    if (is_optional(field.type) && (step.empty() || step.find(field.name) != std::string_view::npos))
      field.type = error_type();
}

/// After `where x is not null` the field itself is no longer optional.
void FlowChecker::narrow(const std::vector<std::string>& present, Span span) {
  std::vector<Column> columns = unchanged();
  bool changed = false;
  for (const std::string& path : present) {
    const int index = row_.find(root_of(path));
    if (index < 0) continue;
    if (path.find('.') != std::string::npos) {
      row_.present.insert(path);
      continue;
    }
    Column& column = columns[static_cast<size_t>(index)];
    if (!is_optional(column.value->type)) continue;
    column.value =
        typed::make(column.value->type->element, span, typed::Convert{typed::Conversion::unwrap, column.value});
    changed = true;
  }
  if (!changed) return;
  // Unwrapped columns are still the same fields: time, key and aliases stay where they are.
  for (size_t i = 0; i < columns.size(); ++i) row_.fields[i].type = columns[i].value->type;
  typed::ProjectStep made{"narrow", {}};
  for (Column& column : columns) made.columns.push_back(std::move(column.value));
  add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
}

/// Whether a step may give `name` another value; reports if not.
bool FlowChecker::replaceable(const std::string& name, int column, Span span) {
  if (column == row_.time_field && column >= 0) {
    auto report = context_.reporter.report(diag::TimeFieldReplaced{.field = name});
    report.at(span, "this would change when the row happened");
    if (!row_.time_clause.empty()) report.also(row_.time_clause, "the event time");
    report.note("give the value another name; `time … within …` in the header of a view re-times its flow");
    return false;
  }
  for (const KeyPart& part : row_.key) {
    if (part.column != column || column < 0) continue;
    auto report = context_.reporter.report(diag::KeyFieldReplaced{.field = name});
    report.at(span, "this would change the key");
    if (!row_.key_clause.empty()) report.also(row_.key_clause, "the key");
    report.note("give the value another name");
    return false;
  }
  return true;
}

void FlowChecker::let(const ast::Let& node, Span span) {
  if (node.value == nullptr) return;
  Expressions expressions(context_, place_, &row_);
  typed::ExpressionRef value = expressions.check(*node.value);
  if (!is_poison(value) && holds_null(value->type)) {
    context_.reporter.report(diag::NullWithoutType{})
        .at(node.value->span, "of which type?")
        .note("a null takes its type from its context: `if … then x else null`");
    value = expressions.poison(node.value->span);
  }
  const int before = row_.find(node.name.text);
  if (before >= 0 && !replaceable(node.name.text, before, node.name.span)) return;
  std::vector<Column> columns = unchanged();
  const Column made{{node.name.text, value->type, true, node.name.span, -1}, value};
  if (before >= 0)
    columns[static_cast<size_t>(before)] = made;
  else
    columns.push_back(made);
  project("let", std::move(columns), span);
}

void FlowChecker::select(const ast::Select& node, Span span) {
  Expressions expressions(context_, place_, &row_);
  std::vector<Column> columns;
  bool open = false;
  for (Expressions::Entry& entry : expressions.entries(node.row, open)) {
    if (!is_poison(entry.value) && holds_null(entry.value->type)) {
      context_.reporter.report(diag::NullWithoutType{}).at(entry.value->span, "of which type?");
      entry.value = expressions.poison(entry.value->span);
    }
    RowField field{entry.name, entry.value->type, true, expressions.declaration_of(entry.value), -1};
    if (const auto* read = std::get_if<typed::ColumnRead>(&entry.value->node)) {
      const RowField& before = row_.fields[static_cast<size_t>(read->index)];
      field.relation = before.relation;
      if (entry.spread) field.from_script = before.from_script;
    }
    if (field.declared.empty()) field.declared = entry.span;
    columns.push_back({std::move(field), entry.value});
  }
  // Only what is named remains, whatever could not be read before.
  const bool spread = std::any_of(node.row.entries.begin(), node.row.entries.end(), [](const ast::Entry& entry) {
    return std::holds_alternative<ast::SpreadEntry>(entry.node);
  });
  if (!spread) row_.open = false;
  row_.open |= open;
  const std::vector<RowField> before = row_.fields;
  std::vector<std::string> now(before.size());
  for (const Column& column : columns)
    if (const auto* read = std::get_if<typed::ColumnRead>(&column.value->node))
      now[static_cast<size_t>(read->index)] = column.field.name;
  project("select", std::move(columns), span);
  note_gone(before, now, "select", span, node.row.entries.empty() ? Span{} : node.row.entries.back().span, false);
}

void FlowChecker::drop(const ast::Drop& node, Span span) {
  std::vector<Column> columns = unchanged();
  for (const ast::Path& path : node.fields) {
    const std::optional<FieldPath> field = find_path(context_, row_, path);
    if (!field) continue;
    if (!field->below.empty()) {
      change_struct(columns, path, *field, {});
      continue;
    }
    std::erase_if(columns, [&](const Column& column) { return column.field.name == path.parts.front().text; });
  }
  const std::vector<RowField> before = row_.fields;
  project("drop", std::move(columns), span);
  note_gone(before, {}, "drop", span, {}, false);
}

void FlowChecker::rename(const ast::Rename& node, Span span) {
  std::vector<Column> columns = unchanged();
  const std::vector<RowField> before = row_.fields;
  std::vector<std::string> now(before.size());
  for (const ast::Renaming& one : node.list) {
    const std::optional<FieldPath> field = find_path(context_, row_, one.from);
    if (!field) continue;
    if (!field->below.empty()) {
      change_struct(columns, one.from, *field, one.to.text);
      continue;
    }
    const bool taken = std::any_of(columns.begin(), columns.end(), [&](const Column& column) {
      return column.field.name == one.to.text && one.to.text != one.from.parts.front().text;
    });
    if (taken) {
      context_.reporter.report(diag::DuplicateField{.field = one.to.text})
          .at(one.to.span, "there is such a field already");
      continue;
    }
    RowField& renamed = columns[static_cast<size_t>(field->column)].field;
    renamed.name = one.to.text;
    renamed.from_script = true;
    now[static_cast<size_t>(field->column)] = one.to.text;
  }
  project("rename", std::move(columns), span);
  note_gone(before, now, "rename", span, {}, false);
}

void FlowChecker::note_gone(const std::vector<RowField>& before, const std::vector<std::string>& now,
                            std::string_view word, Span span, Span last, bool folds) {
  for (size_t i = 0; i < before.size(); ++i) {
    if (row_.find(before[i].name) >= 0) continue;
    row_.gone.push_back({before[i].name, std::string(word), context_.word(span, word),
                         i < now.size() ? now[i] : std::string(), last, folds});
  }
}

// ---- the header
// ------------------------------------------------------------------------------------------------------

void check_flow(Context& context, RelationInfo& info, const std::vector<ast::Clause>& clauses, const ast::Flow& flow) {
  FlowChecker(context, info).run(clauses, flow);
}

}  // namespace braid::checking
