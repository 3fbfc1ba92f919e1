// Habits of other languages that parse, and mean nothing here: their functions, `TRUE` and `None`, `a || b` of texts,
// `at.year`, `row["a"]`. Each is reported once, with what Braid writes.
#include <algorithm>
#include <cctype>

#include "compiler/check/expressions.h"

namespace braid::checking {
namespace {

bool same_letters(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](unsigned char x, unsigned char y) {
           return std::tolower(x) == std::tolower(y);
         });
}

std::string lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

/// `$1`; the `$` of a regular expression is another.
bool is_placeholder(std::string_view form, size_t at) {
  return form[at] == '$' && at + 1 < form.size() && form[at + 1] >= '1' && form[at + 1] <= '9';
}

/// How many arguments a form is meant for.
size_t arity(std::string_view form) {
  size_t most = 0;
  for (size_t i = 0; i < form.size(); ++i)
    if (is_placeholder(form, i)) most = std::max<size_t>(most, static_cast<size_t>(form[i + 1] - '0'));
  return most;
}

bool is_operation(const ast::Expr& expression) {
  return std::holds_alternative<ast::Binary>(expression.node) || std::holds_alternative<ast::Unary>(expression.node) ||
         std::holds_alternative<ast::In>(expression.node) || std::holds_alternative<ast::IsNull>(expression.node) ||
         std::holds_alternative<ast::If>(expression.node);
}

/// `a` … for the arguments: as a note shows a form.
std::string shown_form(std::string_view form) {
  std::string text;
  for (size_t i = 0; i < form.size(); ++i) {
    if (!is_placeholder(form, i)) {
      text += form[i];
      continue;
    }
    text += static_cast<char>('a' + (form[++i] - '1'));
    if (i + 1 < form.size() && form[i + 1] == '-') {
      text += " - 1";
      ++i;
    }
  }
  return text;
}

/// The form is one call, one text or one bracket: it stands beside operators as it is.
bool stands_alone(std::string_view form) {
  if (form.find_first_of(" ") == std::string_view::npos) return true;
  const size_t open = form.find_first_of("([");
  if (open == std::string_view::npos || form.substr(0, open).find(' ') != std::string_view::npos) return false;
  int depth = 0;
  for (size_t i = open; i < form.size(); ++i) {
    if (form[i] == '(' || form[i] == '[') ++depth;
    if (form[i] == ')' || form[i] == ']') --depth;
    if (depth == 0 && form[i] == ' ') return false;
  }
  return true;
}

/// `name($1, $2)`: the arguments as they are.
bool only_renames(std::string_view form, size_t count) {
  const size_t open = form.find('(');
  if (open == std::string_view::npos || count == 0) return false;
  std::string wanted = "(";
  for (size_t i = 1; i <= count; ++i) wanted += (i > 1 ? ", $" : "$") + std::to_string(i);
  return form.substr(open) == wanted + ")" && form.substr(0, open).find(' ') == std::string_view::npos;
}

struct ForeignWord {
  std::string_view text, meant;
};
constexpr ForeignWord kWords[] = {{"NULL", "null"},   {"Null", "null"},          {"None", "null"},
                                  {"nil", "null"},    {"undefined", "null"},     {"NA", "null"},
                                  {"TRUE", "true"},   {"True", "true"},          {"FALSE", "false"},
                                  {"False", "false"}, {"NaN", "float(\"NaN\")"}, {"Infinity", "float(\"Infinity\")"}};
constexpr std::string_view kModules[] = {"Math",   "math", "np",       "numpy",  "pd",    "pandas", "F",      "pl",
                                         "Number", "Date", "datetime", "Object", "Array", "String", "random", "uuid"};

}  // namespace

bool Expressions::knows_name(const std::string& text) const {
  return find_local(text) != nullptr ||
         (row_ != nullptr && (row_->open || row_->find(text) >= 0 || row_->alias == text)) ||
         context_.declarations.find(place_, NameKind::param, text).declaration != nullptr;
}

bool Expressions::knows_function(const std::string& name) {
  const Declarations::Found found = context_.declarations.find(place_, NameKind::function, name);
  if (found.silent || found.declaration != nullptr) return true;
  return !context_.input.functions.overloads(name).empty() || context_.input.functions.aggregate(name) != nullptr;
}

typed::ExpressionRef Expressions::foreign_call(const ast::Name& function, const ast::Expr* object,
                                               const ast::Arguments& arguments, Span span) {
  if (knows_function(function.text)) return nullptr;
  // `position("a" in t)` of SQL.
  if (function.text == "position" && object == nullptr && arguments.list.size() == 1) {
    const auto* argument = std::get_if<ast::ExprPtr>(&arguments.list[0].value);
    const auto* in = argument == nullptr || *argument == nullptr ? nullptr : std::get_if<ast::In>(&(*argument)->node);
    if (in != nullptr && in->last == nullptr && in->value != nullptr && in->first != nullptr) {
      const std::string wanted =
          "index_of(" + context_.fixed_text(in->first->span) + ", " + context_.fixed_text(in->value->span) + ")";
      context_.quotes.answer(span, function.span);
      context_.reporter.report(diag::UnknownFunction{.name = function.text})
          .at(function.span, "a function of SQL")
          .note("it counts from 0, and gives null where nothing is found")
          .fix(Applicability::likely, "write `" + wanted + "`", {{span, wanted}});
      return poison(span);
    }
  }
  std::vector<const ast::Expr*> given;
  if (object != nullptr) given.push_back(object);
  bool plain = true, broken = false;
  for (const ast::Argument& argument : arguments.list) {
    const auto* value = std::get_if<ast::ExprPtr>(&argument.value);
    if (value == nullptr || *value == nullptr || std::holds_alternative<ast::ErrorExpr>((*value)->node)) {
      broken = true;
      continue;
    }
    plain &= !argument.name;
    given.push_back(value->get());
  }
  const ForeignFunction* known = nullptr;
  bool counted = false;
  for (const ForeignFunction& one : context_.input.functions.foreign()) {
    if (!same_letters(one.name, function.text)) continue;
    const bool fits = !one.form.empty() && arity(one.form) == given.size();
    if (known == nullptr || (!counted && (fits || one.form.empty()))) known = &one;
    counted |= fits;
  }
  if (known == nullptr) return nullptr;
  // What stands in the call has been reported, and says enough.
  if (broken) return poison(span);
  context_.quotes.answer(span, function.span);
  auto report = context_.reporter.report(diag::UnknownFunction{.name = function.text});
  report.at(function.span, "a function of " + std::string(known->languages));
  const std::string_view form = known->form;
  // `fn(a, b)` with two arguments more than Spark's has: the form is shown, and the call stays.
  const bool has_fix = counted && plain;
  if (!has_fix && !form.empty()) report.note("Braid writes `" + shown_form(form) + "`");
  if (!known->note.empty()) report.note(std::string(known->note));
  if (known->in_group && group_ == nullptr) report.note("it is used in a `group`");
  if (!has_fix) return poison(span);
  if (only_renames(form, given.size())) {
    const std::string name(form.substr(0, form.find('(')));
    std::vector<Edit> edits = context_.quotes.edits(span);
    edits.push_back({function.span, name});
    report.fix(Applicability::certain, "use `" + name + "`", std::move(edits));
    return poison(span);
  }
  std::string text;
  for (size_t i = 0; i < form.size(); ++i) {
    if (!is_placeholder(form, i)) {
      text += form[i];
      continue;
    }
    const ast::Expr& argument = *given[static_cast<size_t>(form[i + 1] - '1')];
    std::string written = context_.fixed_text(argument.span);
    const bool quoted = i > 0 && form[i - 1] == '"';
    if (quoted) {
      // A unit that is a name there may be a text in the call: the form has the quotes.
      if (written.size() > 1 && written.front() == '"') written = written.substr(1, written.size() - 2);
      written = lowered(written);
    }
    const size_t behind = form.find_first_not_of(' ', i + 2);
    const size_t before = i == 0 ? std::string_view::npos : form.find_last_not_of(' ', i - 1);
    const bool one_less = behind == i + 2 && form[behind] == '-';
    const bool opened =
        before != std::string_view::npos && std::string_view("([{,").find(form[before]) != std::string_view::npos;
    const bool closed =
        behind != std::string_view::npos && std::string_view(")]},").find(form[behind]) != std::string_view::npos;
    if (one_less) {
      const auto* literal = std::get_if<ast::Literal>(&argument.node);
      const auto* number = literal == nullptr ? nullptr : std::get_if<ast::NumberLiteral>(&literal->value);
      const bool whole = number != nullptr && number->kind == ast::NumberKind::integer && number->text.size() < 10 &&
                         number->text != "0";
      written = whole ? std::to_string(std::stol(number->text) - 1)
                      : (is_operation(argument) ? "(" + written + ")" : written) + " - 1";
    } else if (is_operation(argument) && !quoted && !(opened && closed) &&
               context_.text(argument.span).front() != '(') {
      written = "(" + written + ")";
    }
    text += written;
    i += one_less ? 2 : 1;
  }
  // Between operators the whole needs parentheses.
  const std::string_view script = context_.input.sources.file(span.file).text;
  const size_t next = script.find_first_not_of(' ', span.end);
  const size_t last = span.begin == 0 ? std::string_view::npos : script.find_last_not_of(" \n", span.begin - 1);
  constexpr std::string_view kOperators = "+-*/%.<>=!?&|[";
  const bool arrow = last != std::string_view::npos && last > 0 && script[last] == '>' &&
                     (script[last - 1] == '-' || script[last - 1] == '=');
  const bool bind = last != std::string_view::npos && last > 0 && script[last] == '=' &&
                    std::string_view("=!<>").find(script[last - 1]) == std::string_view::npos;
  const bool behind = next != std::string_view::npos && kOperators.find(script[next]) != std::string_view::npos;
  const bool before =
      last != std::string_view::npos && kOperators.find(script[last]) != std::string_view::npos && !arrow && !bind;
  if ((behind || before) && !stands_alone(form)) text = "(" + text + ")";
  report.fix(known->note.empty() ? Applicability::certain : Applicability::likely, "write `" + text + "`",
             {{span, text}});
  return poison(span);
}

typed::ExpressionRef Expressions::module_call(const ast::MethodCall& node, Span span) {
  const auto* module = std::get_if<ast::NameExpr>(&node.object->node);
  if (module == nullptr || in_group() || knows_name(module->text)) return nullptr;
  if (std::find(std::begin(kModules), std::end(kModules), module->text) == std::end(kModules)) return nullptr;
  const size_t count = node.arguments.list.size();
  std::string name = node.method.text;
  const Span whole = cover(node.object->span, node.method.span);
  if ((name == "max" || name == "maximum") && count == 2) name = "greatest";
  if ((name == "min" || name == "minimum") && count == 2) name = "least";
  const FunctionRegistry& functions = context_.input.functions;
  if (functions.overloads(name).empty())
    for (const ForeignFunction& one : functions.foreign())
      if (same_letters(one.name, name) && !one.form.empty() && only_renames(one.form, count))
        name = one.form.substr(0, one.form.find('('));
  const bool known = !functions.overloads(name).empty() || name == "now" || name == "random" || name == "uuid";
  auto report = context_.reporter.report(diag::UnknownFunction{.name = module->text + "." + node.method.text});
  report.at(whole, "functions are not in modules");
  if (known) {
    context_.quotes.answer(span, whole);
    std::vector<Edit> edits = context_.quotes.edits(span);
    edits.push_back({whole, name});
    report.fix(Applicability::likely, "use `" + name + "`", std::move(edits));
  }
  return poison(span);
}

bool Expressions::foreign_name(const std::string& text, Span span) {
  std::string meant;
  for (const ForeignWord& word : kWords)
    if (word.text == text) meant = word.meant;
  if (meant.empty())
    for (const ForeignFunction& known : context_.input.functions.foreign())
      if (same_letters(known.name, text) && known.arguments.empty() && !known.form.empty()) meant = known.form;
  if (meant.empty()) return false;
  context_.reporter.report(diag::ForeignSpelling{.found = text, .wanted = meant})
      .at(span)
      .fix(Applicability::certain, "use `" + meant + "`", {{span, meant}});
  return true;
}

bool Expressions::foreign_null(const ast::Binary& node, Span span) {
  if (node.op != ast::BinaryOperator::equal && node.op != ast::BinaryOperator::not_equal) return false;
  auto is_null = [&](const ast::Expr& side) {
    const auto* name = std::get_if<ast::NameExpr>(&side.node);
    if (name == nullptr || knows_name(name->text)) return false;
    return std::any_of(std::begin(kWords), std::end(kWords),
                       [&](const ForeignWord& word) { return word.text == name->text && word.meant == "null"; });
  };
  const bool left = is_null(*node.left);
  if (!left && !is_null(*node.right)) return false;
  const Span value = (left ? node.right : node.left)->span;
  const std::string wanted =
      std::string(context_.text(value)) + (node.op == ast::BinaryOperator::equal ? " is null" : " is not null");
  context_.reporter.report(diag::ComparedWithNull{.found = std::string(context_.text(span)), .wanted = wanted})
      .at(span)
      .fix(Applicability::certain, "ask with `is`", {{span, wanted}});
  return true;
}

typed::ExpressionRef Expressions::bars(const ast::Binary& node, Span span) {
  // A chain is one habit.
  std::vector<const ast::Expr*> operands{node.right.get()};
  std::vector<Span> places{node.op_span};
  const ast::Expr* left = node.left.get();
  for (const ast::Binary* inner = std::get_if<ast::Binary>(&left->node); inner != nullptr && inner->bars;
       inner = std::get_if<ast::Binary>(&left->node)) {
    if (inner->left == nullptr || inner->right == nullptr) return poison(span);
    operands.push_back(inner->right.get());
    places.push_back(inner->op_span);
    left = inner->left.get();
  }
  operands.push_back(left);
  bool text = false;
  for (const ast::Expr* operand : operands) {
    const typed::ExpressionRef value = check(*operand);
    text |= !is_poison(value) && is(without_optional(value->type), TypeKind::string);
  }
  const std::string wanted = text ? "+" : "or";
  std::vector<Edit> edits;
  std::reverse(places.begin(), places.end());
  for (const Span place : places) edits.push_back({place, wanted});
  context_.reporter.report(diag::ForeignSpelling{.found = "||", .wanted = wanted})
      .at(places.front(), text ? "joins texts" : "")
      .fix(Applicability::certain, "use `" + wanted + "`", edits);
  return poison(span);
}

void Expressions::suggest_method(DiagnosticBuilder& report, const typed::ExpressionRef& base, const ast::Name& field) {
  std::string name = field.text;
  if (context_.input.functions.overloads(name).empty())
    for (const ForeignFunction& one : context_.input.functions.foreign())
      if (same_letters(one.name, name) && only_renames(one.form, 1)) name = one.form.substr(0, one.form.find('('));
  const bool optional = is_optional(base->type);
  const typed::ExpressionRef value =
      optional ? typed::make(base->type->element, base->span, typed::LocalRead{-1}) : base;
  const Call call{field, {{nullptr, value, base->span, nullptr}}, base->span};
  for (const FunctionDeclaration* overload : context_.input.functions.overloads(name))
    if (match(call, *overload, false).function != nullptr) {
      report.note("`" + name + "` is a function");
      const Span dot{base->span.file, base->span.end, field.span.begin};
      if (optional)
        report.fix(Applicability::likely, "call it, where there is a value", {{dot, "?."}, {field.span, name + "()"}});
      else
        report.fix(Applicability::likely, "call it", {{field.span, name + "()"}});
      return;
    }
}

bool Expressions::quoted_name(const ast::Expr& side, const ast::Expr& other) {
  if (row_ == nullptr || in_group()) return false;
  std::string name;
  if (const auto* list = std::get_if<ast::List>(&side.node)) {
    if (list->elements.size() != 1 || list->elements[0] == nullptr || std::holds_alternative<ast::List>(other.node))
      return false;
    name = path_of(*list->elements[0]);
    if (name.empty() || !knows_name(name.substr(0, name.find('.')))) return false;
  } else if (const auto* literal = std::get_if<ast::Literal>(&side.node)) {
    // Of two texts that are both written out, one that has the name of a field is meant as that field.
    const auto* text = std::get_if<ast::TextLiteral>(&literal->value);
    if (text == nullptr || row_->find(text->value) < 0 || !std::holds_alternative<ast::Literal>(other.node))
      return false;
    name = text->value;
  } else {
    return false;
  }
  context_.quotes.answer(side.span, side.span);
  context_.reporter.report(diag::ForeignSpelling{.found = std::string(context_.text(side.span)), .wanted = name})
      .at(side.span, "the name of a field")
      .note("names stand bare, and texts in double quotes")
      .fix(Applicability::likely, "use `" + name + "`", {{side.span, name}});
  return true;
}

int Expressions::column_by_relation(const ast::FieldAccess& node) {
  const auto* object = std::get_if<ast::NameExpr>(&node.object->node);
  if (object == nullptr || row_ == nullptr || row_->open || in_group() || object->text != row_->relation ||
      knows_name(object->text))
    return -1;
  const int index = row_->find(node.field.text);
  if (index < 0) return -1;
  const Span prefix = node.object->span;
  context_.reporter.report(diag::RowIsNoField{.name = object->text})
      .at(prefix, "its fields stand alone in this flow")
      .fix(Applicability::certain, "leave out `" + object->text + ".`",
           {{{prefix.file, prefix.begin, node.field.span.begin}, ""}});
  return index;
}

bool Expressions::field_by_text(const ast::Index& node, Span span) {
  const auto* literal = std::get_if<ast::Literal>(&node.index->node);
  const auto* text = literal == nullptr ? nullptr : std::get_if<ast::TextLiteral>(&literal->value);
  const auto* object = std::get_if<ast::NameExpr>(&node.object->node);
  if (text == nullptr || object == nullptr) return false;
  const bool known = knows_name(object->text);
  const int column = row_ == nullptr ? -1 : row_->find(object->text);
  const bool structure =
      known && column >= 0 && is(row_->fields[static_cast<size_t>(column)].type, TypeKind::structure);
  // `df["a"]` of a name that nothing has: the row is meant.
  if (known ? !structure : row_ == nullptr || row_->find(text->value) < 0) return false;
  const std::string wanted = structure ? object->text + "." + text->value : text->value;
  context_.quotes.answer(span, span);
  context_.reporter.report(diag::ForeignSpelling{.found = std::string(context_.text(span)), .wanted = wanted})
      .at(span)
      .fix(Applicability::certain, "use `" + wanted + "`", {{span, wanted}});
  return true;
}

}  // namespace braid::checking
