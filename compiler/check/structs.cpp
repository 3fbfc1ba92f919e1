// `{ … }` and `[ … ]`: entries named by themselves or by their path, spreads, later entries over earlier ones.
#include "compiler/check/expressions.h"
#include "runtime/data/row_change.h"

namespace braid::checking {
namespace {

/// `sum_amount` of `sum(amount)`; nothing of other expressions.
std::string usual_name(const ast::Expr& expression) {
  const auto* call = std::get_if<ast::Call>(&expression.node);
  if (call == nullptr) return "";
  const auto* first =
      call->arguments.list.empty() ? nullptr : std::get_if<ast::ExprPtr>(&call->arguments.list[0].value);
  const bool named = first == nullptr || *first == nullptr || call->arguments.list[0].name.has_value();
  const auto* field = named ? nullptr : std::get_if<ast::NameExpr>(&(*first)->node);
  return field == nullptr ? call->function.text : call->function.text + "_" + field->text;
}

}  // namespace

std::optional<std::string> Expressions::entry_name(const ast::Expr& expression) {
  if (const auto* name = std::get_if<ast::NameExpr>(&expression.node)) return name->text;
  if (const auto* access = std::get_if<ast::FieldAccess>(&expression.node)) return access->field.text;
  if (!std::holds_alternative<ast::ErrorExpr>(expression.node)) {
    const std::string usual = usual_name(expression);
    context_.reporter.report(diag::EntryNeedsName{})
        .at(expression.span, "which name?")
        .note("a name and a path name themselves; anything else is written `name: …`")
        .fix(usual.empty() ? Applicability::sketch : Applicability::likely, "give it a name",
             {{{expression.span.file, expression.span.begin, expression.span.begin},
               (usual.empty() ? "name" : usual) + ": "}});
  }
  return std::nullopt;
}

std::vector<Expressions::Entry> Expressions::entries(const ast::Struct& node, bool& open) {
  std::vector<Entry> made;
  const ast::Struct* outer = std::exchange(entries_, &node);
  // Later wins, in the place of the first; two entries that are both written out are a mistake.
  auto add = [&](Entry entry) {
    for (Entry& before : made) {
      if (before.name != entry.name) continue;
      if (!before.spread && !entry.spread) {
        context_.reporter.report(diag::DuplicateField{.field = entry.name})
            .at(entry.span, "named again")
            .also(before.span, "first named here");
        return;
      }
      before = std::move(entry);
      return;
    }
    made.push_back(std::move(entry));
  };
  for (const ast::Entry& entry : node.entries) {
    if (const auto* named = std::get_if<ast::NamedEntry>(&entry.node)) {
      if (named->value == nullptr) continue;
      add({named->name.text, check(*named->value), entry.span});
    } else if (const auto* plain = std::get_if<ast::PlainEntry>(&entry.node)) {
      if (plain->value == nullptr) {
        open = true;
        continue;
      }
      const std::optional<std::string> name = entry_name(*plain->value);
      const typed::ExpressionRef value = check(*plain->value);
      if (name) add({*name, value, entry.span});
      open |= !name && is_poison(value);
    } else {
      const auto& spread = std::get<ast::SpreadEntry>(entry.node);
      if (spread.value == nullptr) {
        if (row_ == nullptr || in_group()) {
          context_.reporter.report(diag::UnknownName{.name = ".."}).at(entry.span, "no row to spread here");
          continue;
        }
        for (size_t i = 0; i < row_->fields.size(); ++i)
          if (row_->fields[i].name[0] != kHiddenMark && row_->fields[i].name[0] != kOriginalMark)
            add({row_->fields[i].name, column(static_cast<int>(i), entry.span), entry.span, true});
        continue;
      }
      if (is_row_alias(*spread.value)) {
        for (const auto& [name, index] : row_->alias_columns) {
          if (index >= 0) {
            add({name, column(index, entry.span), entry.span, true});
            continue;
          }
          original_gone(entry.span);
          break;
        }
        continue;
      }
      // `..order` of a flow that begins with `from order`.
      if (const auto* name = std::get_if<ast::NameExpr>(&spread.value->node);
          name != nullptr && row_ != nullptr && !in_group() && name->text == row_->relation &&
          !knows_name(name->text)) {
        context_.reporter.report(diag::RowIsNoField{.name = name->text})
            .at(spread.value->span, "`..` alone spreads it")
            .fix(Applicability::certain, "leave out the name", {{spread.value->span, ""}});
        open = true;
        continue;
      }
      const typed::ExpressionRef value = check(*spread.value);
      if (is_poison(value)) {
        open = true;
        continue;
      }
      if (is_optional(value->type) && is(value->type->element, TypeKind::structure)) {
        auto report =
            context_.reporter.report(diag::OptionalPath{.expression = std::string(context_.text(value->span))});
        report.at(value->span, "may be null");
        label_declaration(report, value);
        continue;
      }
      if (!is(value->type, TypeKind::structure)) {
        context_.reporter.report(diag::HasNoFields{.type = type_text(value->type)})
            .at(value->span, "nothing to spread");
        continue;
      }
      for (size_t i = 0; i < value->type->fields.size(); ++i) {
        const Field& field = value->type->fields[i];
        if (is_error(field.type)) continue;
        const auto* fields = std::get_if<typed::MakeStruct>(&value->node);
        add({field.name,
             fields != nullptr ? fields->fields[i]
                               : typed::make(field.type, entry.span, typed::FieldRead{value, static_cast<int>(i)}),
             entry.span, true});
      }
    }
  }
  entries_ = outer;
  return made;
}

typed::ExpressionRef Expressions::make_struct(const ast::Struct& node, Span span) {
  std::vector<Field> fields;
  std::vector<typed::ExpressionRef> values;
  bool open = false;
  for (Entry& entry : entries(node, open)) {
    if (is_poison(entry.value)) {
      fields.push_back({entry.name, error_type()});
    } else {
      fields.push_back({entry.name, entry.value->type});
    }
    values.push_back(std::move(entry.value));
  }
  if (open) return poison(span);
  return typed::make(struct_type(std::move(fields)), span, typed::MakeStruct{std::move(values)});
}

typed::ExpressionRef Expressions::make_list(const ast::List& node, Span span) {
  std::vector<typed::ExpressionRef> items;
  for (const ast::ExprPtr& element : node.elements) {
    if (element == nullptr) return poison(span);
    items.push_back(check(*element));
  }
  for (const typed::ExpressionRef& item : items)
    if (is_poison(item)) return poison(span);
  if (items.empty()) return typed::make(list_type(null_type()), span, typed::MakeList{{}});
  size_t differing = 0;
  const Type type = common_type(items, differing);
  if (type == nullptr) {
    context_.reporter
        .report(
            diag::ListElements{.first = type_text(items.front()->type), .second = type_text(items[differing]->type)})
        .at(items[differing]->span, "this is `" + type_text(items[differing]->type) + "`")
        .also(items.front()->span, "this is `" + type_text(items.front()->type) + "`");
    return poison(span);
  }
  for (typed::ExpressionRef& item : items) {
    const typed::ExpressionRef fitting = fit(item, type, true);
    item = fitting == nullptr ? poison(span) : fitting;
    if (is_poison(item)) return item;
  }
  return typed::make(list_type(type), span, typed::MakeList{std::move(items)});
}

}  // namespace braid::checking
