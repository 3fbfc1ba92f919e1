// `if`, `case`, `in`, `is null` and `??`: written forms of a few nodes, their subject evaluated once.
#include "compiler/check/constants.h"
#include "compiler/check/expressions.h"
#include "runtime/data/value.h"

namespace braid::checking {
namespace {

typed::ExpressionRef null_test(const typed::ExpressionRef& value, Span span) {
  return typed::make(bool_type(), span, typed::IsNull{value});
}

typed::ExpressionRef inverted(const typed::ExpressionRef& value) {
  return is_poison(value) ? value : typed::make(bool_type(), value->span, typed::Not{value});
}

/// Tests of one list as a balanced tree: a long list makes no deep one.
typed::ExpressionRef any_of(const std::vector<typed::ExpressionRef>& tests, size_t from, size_t to, Span span) {
  if (to - from == 1) return tests[from];
  const size_t middle = from + (to - from) / 2;
  return typed::make(bool_type(), span,
                     typed::Either{any_of(tests, from, middle, span), any_of(tests, middle, to, span)});
}

}  // namespace

typed::ExpressionRef Expressions::fallback(const ast::Binary& node, Span span) {
  const typed::ExpressionRef left = check(*node.left);
  const typed::ExpressionRef right = check(*node.right, is_poison(left) ? nullptr : left->type);
  if (is_poison(left) || is_poison(right)) return poison(span);
  const std::string text(context_.text(left->span));
  if (std::holds_alternative<typed::Fail>(left->node)) return left;  // `??` hides no failure
  if (is(left->type, TypeKind::null)) return right;
  if (!is_optional(left->type)) {
    if (left->can_fail) {
      context_.reporter.report(diag::FallbackHidesNoFailure{.expression = text})
          .at(node.left->span, "a failure here still rejects the record")
          .note("`try` makes null of a failure")
          .fix(Applicability::likely, "put `try` before it",
               {{{span.file, node.left->span.begin, node.left->span.begin}, "try "}});
    } else {
      auto report = context_.reporter.report(diag::NeverNull{.expression = text, .type = type_text(left->type)});
      report.at(node.left->span, "always there");
      label_declaration(report, left);
      report.fix(Applicability::certain, "leave out `??`", {{span, text}});
    }
    return left;
  }
  // The left side without its optional meets the right side.
  const typed::ExpressionRef present = typed::make(left->type->element, left->span, typed::LocalRead{-1});
  const Type common = common_type(present, right);
  // Decimals of 38 digits and different scales may lose digits in front: a failure, as in `if` and `case`.
  const auto fitting = [&](const typed::ExpressionRef& value, const Type& type) {
    const typed::ExpressionRef made = fit(value, type);
    return made != nullptr ? made : fit(value, type, true);
  };
  const typed::ExpressionRef otherwise = common == nullptr ? nullptr : fitting(right, common);
  const typed::ExpressionRef first =
      common == nullptr ? nullptr : fitting(left, optional_type(without_optional(common)));
  if (otherwise == nullptr || first == nullptr) {
    context_.reporter
        .report(diag::BranchTypes{.first = type_text(left->type->element), .second = type_text(right->type)})
        .at(right->span, "this is `" + type_text(right->type) + "`")
        .also(left->span, "this is `" + type_text(left->type) + "`");
    return poison(span);
  }
  return typed::make(common, span, typed::Coalesce{first, otherwise});
}

typed::ExpressionRef Expressions::is_null(const ast::IsNull& node, Span span) {
  if (node.operand == nullptr) return poison(span);
  const typed::ExpressionRef operand = check(*node.operand);
  if (is_poison(operand)) return poison(span);
  if (!is_optional(operand->type)) {
    if (is(operand->type, TypeKind::null)) return make_constant(bool_type(), span, Value{!node.negated});
    auto report = context_.reporter.report(
        diag::NeverNull{.expression = std::string(context_.text(operand->span)), .type = type_text(operand->type)});
    report.at(node.operand->span, "always there");
    label_declaration(report, operand);
    return make_constant(bool_type(), span, Value{node.negated});
  }
  const typed::ExpressionRef test = null_test(operand, span);
  return node.negated ? inverted(test) : test;
}

typed::ExpressionRef Expressions::contained(const ast::In& node, Span span) {
  if (node.value == nullptr || node.first == nullptr) return poison(span);
  const typed::ExpressionRef value = check(*node.value);
  if (node.last != nullptr) {
    if (is_poison(value)) {
      check(*node.first);
      check(*node.last);
      return poison(span);
    }
    if (is_optional(value->type)) return optional_operand(value, node.negated ? "not in" : "in");
    const typed::ExpressionRef inside = with_value(value, [&](const typed::ExpressionRef& read) {
      return in_range(read, *node.first, node.end, *node.last, span);
    });
    return node.negated ? inverted(inside) : inside;
  }
  const auto* list = std::get_if<ast::List>(&node.first->node);
  // `x in {"a", "b"}` of Python.
  if (const auto* set = std::get_if<ast::Struct>(&node.first->node);
      set != nullptr && !set->entries.empty() &&
      std::all_of(set->entries.begin(), set->entries.end(), [](const ast::Entry& entry) {
        const auto* plain = std::get_if<ast::PlainEntry>(&entry.node);
        return plain != nullptr && plain->value != nullptr && path_of(*plain->value).empty();
      })) {
    const Span place = node.first->span;
    context_.reporter.report(diag::ForeignSpelling{.found = "{ … }", .wanted = "[ … ]"})
        .at(place)
        .fix(Applicability::certain, "a list stands in `[ ]`",
             {{{place.file, place.begin, place.begin + 1}, "["}, {{place.file, place.end - 1, place.end}, "]"}});
    return poison(span);
  }
  if (list == nullptr) {
    const typed::ExpressionRef items = check(*node.first);
    if (is_poison(value) || is_poison(items)) return poison(span);
    if (is(items->type, TypeKind::map)) {
      const typed::ExpressionRef inside = map_has(items, value, span);
      return is_poison(inside) || !node.negated ? inside : inverted(inside);
    }
    if (!is(items->type, TypeKind::list)) {
      context_.reporter.report(diag::OperandType{.operation = "in", .type = type_text(items->type)})
          .at(items->span, "neither a list nor a range");
      return poison(span);
    }
    const ast::Name function{"contains", span};
    const Call call{function, {{nullptr, items, items->span, nullptr}, {nullptr, value, value->span, nullptr}}, span};
    for (const FunctionDeclaration* overload : context_.input.functions.overloads("contains"))
      if (Match found = match(call, *overload, false); found.function != nullptr) {
        const typed::ExpressionRef inside = finish_call(call, found);
        return node.negated ? inverted(inside) : inside;
      }
    context_.reporter
        .report(diag::NotComparable{.left = type_text(value->type), .right = type_text(items->type->element)})
        .at(value->span, "looked for in a `" + type_text(items->type) + "`");
    return poison(span);
  }
  std::vector<typed::ExpressionRef> items;
  for (const ast::ExprPtr& element : list->elements) {
    items.push_back(element == nullptr ? poison(span) : check(*element, is_poison(value) ? nullptr : value->type));
  }
  if (is_poison(value)) return poison(span);
  bool broken = false;
  const typed::ExpressionRef inside = with_value(value, [&](const typed::ExpressionRef& read) {
    std::vector<typed::ExpressionRef> tests;
    for (const typed::ExpressionRef& item : items) {
      if (is_poison(item)) {
        broken = true;
        continue;
      }
      const bool symbol = is(without_optional(value->type), TypeKind::enumeration) && is(item->type, TypeKind::string);
      if (!symbol && common_type(value, item) == nullptr) {
        auto report = context_.reporter.report(
            diag::NotComparable{.left = type_text(value->type), .right = type_text(item->type)});
        report.at(value->span, "this is `" + type_text(value->type) + "`")
            .also(item->span, "this is `" + type_text(item->type) + "`");
        broken = true;
        break;
      }
      const typed::ExpressionRef equal = compare(typed::Operator::equal, read, item, span, "in");
      if (is_poison(equal)) {
        broken = true;
        continue;
      }
      tests.push_back(equal);
    }
    return tests.empty() ? make_constant(bool_type(), span, Value{false}) : any_of(tests, 0, tests.size(), span);
  });
  if (broken || is_poison(inside)) return poison(span);
  return node.negated ? inverted(inside) : inside;
}

typed::ExpressionRef Expressions::in_range(const typed::ExpressionRef& value, const ast::Expr& first, ast::RangeEnd end,
                                           const ast::Expr& last, Span span) {
  const typed::ExpressionRef low = check(first), high = check(last);
  if (is_poison(low) || is_poison(high) || is_poison(value)) return poison(span);
  const std::string_view sign = end == ast::RangeEnd::included ? ".." : "..<";
  const typed::ExpressionRef above = compare(typed::Operator::greater_equal, value, low, span, sign);
  if (is_poison(above)) return above;
  const typed::ExpressionRef below = compare(
      end == ast::RangeEnd::included ? typed::Operator::less_equal : typed::Operator::less, value, high, span, sign);
  if (is_poison(below)) return below;
  const Type common = common_type(low, high);
  const typed::ExpressionRef a = common ? fit(low, common) : nullptr, b = common ? fit(high, common) : nullptr;
  const std::optional<Value> from = a ? evaluate(a) : std::nullopt, to = b ? evaluate(b) : std::nullopt;
  if (from && to && braid::compare(*from, *to) > 0)
    context_.reporter.report(diag::RangeUpsideDown{})
        .at(cover(first.span, last.span), "nothing lies between")
        .note("a range is written from its lower to its upper end");
  return typed::make(bool_type(), span, typed::Both{above, below});
}

typed::ExpressionRef Expressions::choice(const ast::If& node, Span span) {
  if (node.condition == nullptr || node.then == nullptr || node.otherwise == nullptr) return poison(span);
  const typed::ExpressionRef test = condition(*node.condition);
  const size_t known = present_.size();
  assume(*node.condition, true);
  const typed::ExpressionRef then = check(*node.then);
  present_.resize(known);
  assume(*node.condition, false);
  const typed::ExpressionRef otherwise = check(*node.otherwise);
  present_.resize(known);
  if (is_poison(test)) return poison(span);
  return join_arms({test}, {then, otherwise}, span);
}

Type Expressions::common_type(const std::vector<typed::ExpressionRef>& values, size_t& differing) {
  typed::ExpressionRef all = values.front();
  for (size_t i = 1; i < values.size(); ++i) {
    const Type common = common_type(all, values[i]);
    if (common == nullptr) {
      differing = i;
      return nullptr;
    }
    // While one of two types is what both are, it may still be a literal that fits a third.
    if (same(common, all->type)) continue;
    const typed::ExpressionRef fitting = fit(values[i], common);
    all = same(common, values[i]->type) ? values[i]
          : fitting != nullptr && is_literal(fitting) && is_literal(all)
              ? fitting
              : typed::make(common, values[i]->span, typed::LocalRead{-1});
  }
  return all->type;
}

/// `conditions[i]` leads to `results[i]`; the last result is the rest's.
typed::ExpressionRef Expressions::join_arms(std::vector<typed::ExpressionRef> conditions,
                                            std::vector<typed::ExpressionRef> results, Span span) {
  for (const typed::ExpressionRef& part : conditions)
    if (is_poison(part)) return poison(span);
  for (const typed::ExpressionRef& part : results)
    if (is_poison(part)) return poison(span);
  size_t differing = 0;
  const Type type = common_type(results, differing);
  if (type == nullptr) {
    context_.reporter
        .report(
            diag::BranchTypes{.first = type_text(results.front()->type), .second = type_text(results[differing]->type)})
        .at(results[differing]->span, "this is `" + type_text(results[differing]->type) + "`")
        .also(results.front()->span, "this is `" + type_text(results.front()->type) + "`")
        .note("every branch of an expression gives the same type");
    return poison(span);
  }
  for (typed::ExpressionRef& result : results) {
    typed::ExpressionRef fitting = fit(result, type);
    if (fitting == nullptr) fitting = fit(result, type, true);
    if (fitting == nullptr) {
      mismatch(result, type, {});
      return poison(span);
    }
    result = fitting;
  }
  typed::ExpressionRef made = results.back();
  for (size_t i = conditions.size(); i-- > 0;)
    made = typed::make(type, span, typed::Choose{conditions[i], results[i], made});
  return made;
}

typed::ExpressionRef Expressions::cases(const ast::Case& node, Span span) {
  return node.subject == nullptr ? case_of_conditions(node, span) : case_of_subject(node, span);
}

typed::ExpressionRef Expressions::case_of_conditions(const ast::Case& node, Span span) {
  std::vector<typed::ExpressionRef> conditions, results;
  bool complete = false;
  const size_t known = present_.size();
  for (const ast::Arm& arm : node.arms) {
    if (arm.result == nullptr) return poison(span);
    if (complete) context_.reporter.report(diag::UnreachableArm{}).at(arm.span, "`else` comes before it");
    if (arm.otherwise) {
      results.push_back(check(*arm.result));
      complete = true;
      continue;
    }
    typed::ExpressionRef test;
    for (const ast::Pattern& pattern : arm.patterns) {
      if (pattern.first == nullptr) return poison(span);
      const typed::ExpressionRef one = condition(*pattern.first);
      test = test == nullptr                     ? one
             : is_poison(one) || is_poison(test) ? poison(pattern.span)
                                                 : typed::make(bool_type(), arm.span, typed::Either{test, one});
    }
    if (test == nullptr) return poison(span);
    const size_t before = present_.size();
    if (arm.patterns.size() == 1) assume(*arm.patterns.front().first, true);
    const typed::ExpressionRef result = check(*arm.result);
    present_.resize(before);
    for (const ast::Pattern& pattern : arm.patterns) assume(*pattern.first, false);
    if (complete) continue;
    conditions.push_back(test);
    results.push_back(result);
  }
  present_.resize(known);
  if (!complete) {
    context_.reporter.report(diag::CaseNeedsElse{})
        .at(context_.word(span, "case"), "what if no condition holds?")
        .note("an arm `else -> …` covers the rest");
    // The arms are still compared with each other.
    if (results.size() > 1) join_arms({conditions.begin(), conditions.end() - 1}, results, span);
    return poison(span);
  }
  return join_arms(std::move(conditions), std::move(results), span);
}

typed::ExpressionRef Expressions::case_of_subject(const ast::Case& node, Span span) {
  const typed::ExpressionRef subject = check(*node.subject);
  const std::string path = path_of(*node.subject);
  const bool known_subject = !is_poison(subject);
  const Type type = known_subject ? without_optional(subject->type) : error_type();
  std::vector<std::pair<Value, Value>> met;  // what earlier arms meet, as closed ranges
  bool null_met = false, complete = false, broken = !known_subject;
  std::vector<typed::ExpressionRef> conditions, results;
  const size_t known = present_.size();

  auto arms = [&](const typed::ExpressionRef& read) -> typed::ExpressionRef {
    auto constant = [&](const typed::ExpressionRef& value) -> std::optional<Value> {
      const typed::ExpressionRef fitting = fit(value, type);
      return fitting == nullptr ? std::nullopt : evaluate(fitting);
    };
    auto pattern_test = [&](const ast::Pattern& pattern) -> typed::ExpressionRef {
      if (pattern.first == nullptr) return poison(pattern.span);
      const typed::ExpressionRef first = check(*pattern.first, type);
      if (!known_subject || is_poison(first)) {
        if (pattern.last != nullptr) check(*pattern.last);
        return poison(pattern.span);
      }
      if (pattern.last == nullptr) {
        if (is(first->type, TypeKind::null)) {
          null_met = true;
          if (!is_optional(subject->type)) return make_constant(bool_type(), pattern.span, Value{false});
          return null_test(read, pattern.span);
        }
        const typed::ExpressionRef equal = compare(typed::Operator::equal, read, first, pattern.span, "==");
        if (is_poison(equal)) return equal;
        if (const std::optional<Value> value = constant(first)) {
          for (const auto& [low, high] : met)
            if (braid::compare(low, *value) <= 0 && braid::compare(*value, high) <= 0) {
              context_.reporter.report(diag::UnreachableArm{}).at(pattern.span, "an arm above covers it already");
              break;
            }
          met.emplace_back(*value, *value);
        }
        return equal;
      }
      const typed::ExpressionRef value =
          is_optional(read->type) ? typed::make(type, read->span, typed::Convert{typed::Conversion::unwrap, read})
                                  : read;
      const typed::ExpressionRef inside = in_range(value, *pattern.first, pattern.end, *pattern.last, pattern.span);
      if (is_poison(inside)) return inside;
      const std::optional<Value> low = constant(first), high = constant(check(*pattern.last));
      if (low && high && pattern.end == ast::RangeEnd::included) {
        for (const auto& [from, to] : met)
          if (braid::compare(from, *low) <= 0 && braid::compare(*high, to) <= 0) {
            context_.reporter.report(diag::UnreachableArm{}).at(pattern.span, "an arm above covers it already");
            break;
          }
        met.emplace_back(*low, *high);
      }
      if (value == read) return inside;
      return typed::make(bool_type(), pattern.span, typed::Both{inverted(null_test(read, pattern.span)), inside});
    };
    for (const ast::Arm& arm : node.arms) {
      if (arm.result == nullptr) return poison(span);
      if (complete) context_.reporter.report(diag::UnreachableArm{}).at(arm.span, "`else` comes before it");
      const bool null_before = null_met;
      typed::ExpressionRef test;
      for (const ast::Pattern& pattern : arm.patterns) {
        const typed::ExpressionRef one = pattern_test(pattern);
        if (is_poison(one)) {
          broken = true;
          continue;
        }
        test = test == nullptr ? one : typed::make(bool_type(), arm.span, typed::Either{test, one});
      }
      const size_t before = present_.size();
      const bool meets_null = null_met && !null_before;
      if (!path.empty() && known_subject && is_optional(subject->type) && !meets_null &&
          (null_before || !arm.otherwise))
        present_.push_back(path);
      const typed::ExpressionRef result = check(*arm.result);
      present_.resize(before);
      if (complete) continue;
      if (arm.otherwise) {
        complete = true;
        results.push_back(result);
      } else if (test != nullptr) {
        conditions.push_back(test);
        results.push_back(result);
      }
    }
    if (broken) return poison(span);
    if (!complete) {
      std::vector<std::string> missing;
      const size_t all = is(type, TypeKind::enumeration) ? type->symbols.size() : is(type, TypeKind::boolean) ? 2 : 0;
      for (size_t i = 0; i < all; ++i) {
        const Value value = is(type, TypeKind::enumeration) ? Value{static_cast<int64_t>(i)} : Value{i == 1};
        if (std::none_of(met.begin(), met.end(), [&](const auto& range) { return equal(range.first, value); }))
          missing.push_back(is(type, TypeKind::enumeration) ? type->symbols[i] : i == 1 ? "true" : "false");
      }
      if (is_optional(subject->type) && !null_met && all > 0) missing.emplace_back("null");
      if (all == 0) {
        context_.reporter.report(diag::CaseNeedsElse{})
            .at(context_.word(span, "case"), "what of all other values?")
            .note("an arm `else -> …` covers the rest");
        return poison(span);
      }
      if (!missing.empty()) {
        auto report = context_.reporter.report(
            diag::CaseLeavesOut{.subject = std::string(context_.text(subject->span)), .missing = missing});
        report.at(subject->span, "has symbols that no arm covers");
        label_declaration(report, subject);
        report.note("an arm `else -> …` covers the rest");
        return poison(span);
      }
      // All symbols stand: the last arm needs no test.
      if (!conditions.empty()) conditions.pop_back();
      if (!conditions.empty() && !is_poison(conditions.front()))
        conditions.front() = typed::of_whole_case(conditions.front());
    }
    return join_arms(conditions, results, span);
  };
  const typed::ExpressionRef result = known_subject ? with_value(subject, arms) : arms(subject);
  present_.resize(known);
  return result;
}

}  // namespace braid::checking
