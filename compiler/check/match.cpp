// `match`: the elements of a pattern of rows, and what their conditions may read.
#include "compiler/check/flow.h"
#include "compiler/typed/pattern_limits.h"
#include "runtime/data/row_change.h"
#include "runtime/report/window_findings.h"

// The structs of these entries, as diagnostic.h has those of diagnostics.def.
#define BRAID_DIAGNOSTIC BRAID_DIAGNOSTIC_STRUCT
#include "runtime/report/match_diagnostics.def"
#undef BRAID_DIAGNOSTIC

namespace braid::checking {
namespace {

std::string element_text(const ast::Element& element) {
  switch (element.kind) {
    case ast::ElementKind::absent:
      return "no " + element.name.text;
    case ast::ElementKind::next:
      return "next " + element.name.text;
    case ast::ElementKind::somewhere:
      break;
  }
  return element.name.text;
}

Span words_of(const ast::Element& element) {
  return {element.name.span.file, element.span.begin, element.name.span.end};
}

}  // namespace

bool FlowChecker::pattern_element(const ast::Match& node, size_t place, typed::PatternElement& made) {
  const ast::Element& element = node.elements[place];
  made.name = element.name.text;
  made.span = element.span;
  made.kind = element.kind == ast::ElementKind::absent ? typed::ElementKind::absent
              : element.kind == ast::ElementKind::next ? typed::ElementKind::next
                                                       : typed::ElementKind::somewhere;
  const bool optional = element.quantity && context_.text(element.quantity->span) == "?";
  if (place == 0 && (optional || element.kind != ast::ElementKind::somewhere)) {
    const std::string text = element_text(element) + (optional ? "?" : "");
    context_.reporter.report(diag::PatternBegins{.element = text})
        .at(words_of(element), "before it is no row")
        .note("the first element has a row, from which `within` counts");
    return false;
  }
  if (element.kind == ast::ElementKind::next && place > 0 &&
      node.elements[place - 1].kind == ast::ElementKind::absent) {
    const ast::Element& before = node.elements[place - 1];
    context_.reporter.report(diag::NoBeforeNext{.element = before.name.text, .next = element.name.text})
        .at(words_of(before), "there is no row that it could forbid")
        .also(words_of(element), "directly behind the row before")
        .note("leave out one of the two: `next` allows no row in between, `no` none of a kind");
    return false;
  }
  if (!element.quantity) return true;
  const ast::Quantity& quantity = *element.quantity;
  if (element.kind == ast::ElementKind::absent) {
    context_.reporter.report(diag::QuantityOfNo{.element = element.name.text})
        .at(quantity.span, "not one row may be there")
        .fix(Applicability::likely, "leave it out", {{quantity.span, ""}});
    return false;
  }
  made.list = !optional;
  made.least = quantity.least;
  made.most = quantity.most.value_or(typed::kMostRowsOfElement);
  const std::string written(context_.text(quantity.span));
  if (optional) return true;
  if (quantity.least == 0) {
    auto report = context_.reporter.report(diag::QuantityOutOfRange{.quantity = written});
    report.at(quantity.span, "a list of rows that may be empty");
    report.note("an element with a quantity has one row or more; `" + made.name + "?` may have none");
    report.fix(Applicability::likely, "one row or more",
               {{quantity.span,
                 quantity.most ? "{1.." + std::to_string(std::max<int64_t>(*quantity.most, 1)) + "}" : "{1..}"}});
    return false;
  }
  if (made.most < made.least || made.most > typed::kMostRowsOfElement) {
    auto report = context_.reporter.report(diag::QuantityOutOfRange{.quantity = written});
    report.at(quantity.span, made.least > made.most && made.least <= typed::kMostRowsOfElement
                                 ? "the end lies before the beginning"
                                 : "too many rows");
    report.note("an element has 1,000 rows at most; `{" +
                std::to_string(std::min(made.least, typed::kMostRowsOfElement)) +
                "..}` takes as many as there are, up to that");
    return false;
  }
  return true;
}

void FlowChecker::key_without_name(const ast::Expr& key, Span step) {
  const std::string text(context_.text(key.span));
  context_.reporter.report(diag::KeyWithoutName{.step = "match"})
      .at(key.span, "a field of each match, but which?")
      .note("a match has a field for each key, by its name; what is computed gets one from a `let` before the step")
      .fix(Applicability::sketch, "give it a name",
           {{{step.file, step.begin, step.begin}, "let key = " + text + "\n  "}, {key.span, "key"}});
}

void FlowChecker::match(const ast::Match& node, Span span) {
  const Span word = context_.word(span, "match");
  typed::MatchStep made;
  bool sound = goes_by_time("match", word, "a pattern finds rows of a stream", "the order of rows by event time");
  const std::optional<int64_t> within = context_.length_of(node.within, "`match`");
  made.within_us = within.value_or(0);
  sound &= within.has_value();
  once_options(node.options, "match", "a match goes out once", "`within` bounds the state already", made.name);

  Row next = row_;
  next.fields.clear();
  next.key.clear();
  next.present.clear();
  next.lose_alias(word, true);
  next.time_field = -1;
  next.time_of_window = false;
  next.key_stated = false;
  next.key_clause = span;
  next.in_window = next.in_session = false;
  next.window = nullptr;
  auto add_field = [&](RowField field, Span place) {
    for (const RowField& before : next.fields)
      if (before.name == field.name) {
        context_.reporter.report(diag::DuplicateField{.field = field.name})
            .at(place, "named again")
            .also(before.declared, "first named here");
        sound = false;
        return;
      }
    next.fields.push_back(std::move(field));
  };

  Expressions keys(context_, place_, &row_);
  for (const ast::ExprPtr& written : node.per) {
    if (written == nullptr) {
      sound = false;
      continue;
    }
    if (!std::holds_alternative<ast::NameExpr>(written->node) &&
        !std::holds_alternative<ast::FieldAccess>(written->node)) {
      if (!std::holds_alternative<ast::ErrorExpr>(written->node)) key_without_name(*written, span);
      sound = false;
      continue;
    }
    const std::optional<std::string> name = keys.entry_name(*written);
    const typed::ExpressionRef value = keys.check(*written);
    if (is_poison(value)) {
      sound = false;
    } else if (holds_null(value->type)) {
      context_.reporter.report(diag::NullWithoutType{}).at(value->span, "no key");
      sound = false;
    }
    made.keys.push_back(value);
    Span declared = keys.declaration_of(value);
    if (declared.empty()) declared = written->span;
    const int column = static_cast<int>(next.fields.size());
    add_field({*name, value->type, true, declared, -1}, written->span);
    next.key.push_back({*name, column, {}, false, {}});
  }
  if (node.per.empty()) next.key_stated = true;
  // All rows of a match are of one window, whose ends stand behind the keys until the match is made.
  const size_t ends = next.fields.size();
  if (window_) {
    sound &= match_in_window(word, made.keys);
    for (const char* end : {"start", "end"})
      next.fields.push_back({kHiddenMark + std::string(end), timestamp_type(), true, window_->word, -1});
  }

  if (node.elements.size() > typed::kMostElements) {
    context_.reporter.report(diag::PatternTooLong{.count = static_cast<int64_t>(node.elements.size())})
        .at(word, "64 at most");
    sound = false;
  }
  const std::vector<Field> row = row_.types();
  Row scope = row_;
  for (size_t i = 0; i < node.elements.size(); ++i) {
    const ast::Element& element = node.elements[i];
    typed::PatternElement& built = made.elements.emplace_back();
    const bool well = pattern_element(node, i, built);
    sound &= well;
    const bool has_rows = built.kind != typed::ElementKind::absent;
    // Of a row in error not even the fields are known.
    const Type type = row_.open ? error_type() : typed::element_type(built, row);
    auto enter = [&] {
      if (const int hidden = scope.find(built.name); hidden >= 0 && hidden < static_cast<int>(row.size())) {
        auto report = context_.reporter.report(diag::HidesField{.name = built.name, .relation = row_.relation});
        report.at(element.name.span, "nearer than the field");
        if (const Span declared = scope.fields[static_cast<size_t>(hidden)].declared; !declared.empty())
          report.also(declared, "declared here");
        scope.fields[static_cast<size_t>(hidden)].name.clear();
      }
      scope.fields.push_back({built.name, type, true, element.name.span, -1});
    };
    if (has_rows && built.list) enter();  // the rows so far, of which there may be none
    Expressions expressions(context_, place_, &scope);
    // What has no row yet is no name of a field: read all the same, it is reported by itself.
    std::vector<size_t> absent;
    for (size_t other = 0; other < node.elements.size(); ++other) {
      const bool there = other < i ? node.elements[other].kind != ast::ElementKind::absent : other == i && built.list;
      if (there || row_.find(node.elements[other].name.text) >= 0) continue;
      absent.push_back(other);
      expressions.add_local(node.elements[other].name.text, expressions.poison(element.span));
    }
    if (element.condition != nullptr) {
      const size_t before = context_.reporter.size();
      built.condition = expressions.condition(*element.condition);
      if (is_poison(built.condition)) {
        sound = false;
        for (const size_t other : absent) {
          const std::string& name = node.elements[other].name.text;
          const Span read = context_.word(element.condition->span, name);
          if (context_.reporter.size() != before || context_.text(read) != name) continue;
          auto report = context_.reporter.report(diag::ElementNotThere{.element = built.name, .other = name});
          if (other == i) {
            report.at(read, "the row at hand, of which this is asked")
                .note("its fields have no prefix; an element with a quantity reads the rows that it has so far");
          } else if (node.elements[other].kind == ast::ElementKind::absent) {
            report.at(read, "`no " + name + "` has no row");
          } else {
            report.at(read, "comes later")
                .also(node.elements[other].name.span, "named here")
                .note("a condition reads the row at hand and the elements before it; put it into the later one");
          }
        }
      }
    } else {
      sound = false;
    }
    if (!has_rows) continue;
    if (!built.list) enter();
    scope.fields.back().has_rows = built.list;
    add_field({built.name, type, true, element.name.span, -1, built.list}, element.name.span);
  }
  if (!sound) next.open = true;
  const std::vector<RowField> before = std::move(row_.fields);
  row_ = std::move(next);
  note_gone(before, {}, "match", span, {}, false);
  if (sound) add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
  if (window_) end_match_in_window(ends, sound, span);
}

bool FlowChecker::match_in_window(Span word, std::vector<typed::ExpressionRef>& keys) {
  if (window_->sound && window_->window.late_us > 0) {
    context_.reporter.report(diag::WindowFoldsNothing{})
        .at(window_->word, "nothing waits for rows that are `late`")
        .note("a `match` takes rows when the watermark has passed them, and those of a `window` too");
    window_->sound = false;
  }
  const size_t own = keys.size();
  if (!add_window_keys("match", word, keys)) return false;
  keys.resize(own);
  const auto& ends = std::get<typed::MakeStruct>(row_.window->node).fields;
  keys.insert(keys.end(), ends.begin(), ends.end());
  return true;
}

void FlowChecker::end_match_in_window(size_t ends, bool sound, Span span) {
  const Span word = window_->word;
  window_.reset();
  if (const int named = row_.find("window"); named >= 0) {
    context_.reporter.report(diag::DuplicateField{.field = "window"})
        .at(row_.fields[static_cast<size_t>(named)].declared, "named again")
        .also(word, "gives each match a field of that name");
    sound = false;
  }
  std::vector<Column> columns = unchanged();
  const std::vector<typed::ExpressionRef> values = {columns[ends].value, columns[ends + 1].value};
  columns.erase(columns.begin() + static_cast<std::ptrdiff_t>(ends),
                columns.begin() + static_cast<std::ptrdiff_t>(ends) + 2);
  columns.push_back(
      {{"window", window_type(), true, word, -1}, typed::make(window_type(), span, typed::MakeStruct{values})});
  const auto column = static_cast<int>(columns.size()) - 1;
  row_.open |= !sound;
  project("match", std::move(columns), span);
  row_.key.push_back({"window", column, {}, true, {}});
}

}  // namespace braid::checking
