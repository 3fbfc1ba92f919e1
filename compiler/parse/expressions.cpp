// Expressions from the loosest binding down to the operators. Operators are read by precedence climbing, so that an
// expression in parentheses costs one level of the stack and not one for each level of precedence.
#include "compiler/parse/rules.h"

namespace braid::grammar {
namespace {

using ast::BinaryOperator;

// How tightly operators bind. The operand of a level is what binds tighter.
constexpr int kOr = 1, kAnd = 2, kNot = 3, kComparison = 4, kFallback = 5, kTry = 6, kSum = 7, kProduct = 8, kSign = 9;

struct BinarySign {
  Sign sign;
  BinaryOperator op;
  int level;
  std::string_view meant = {};  ///< how Braid spells what other languages write so
};
constexpr BinarySign kBinarySigns[] = {
    {Sign::equal, BinaryOperator::equal, kComparison},
    {Sign::not_equal, BinaryOperator::not_equal, kComparison},
    {Sign::less, BinaryOperator::less, kComparison},
    {Sign::less_equal, BinaryOperator::less_equal, kComparison},
    {Sign::greater, BinaryOperator::greater, kComparison},
    {Sign::greater_equal, BinaryOperator::greater_equal, kComparison},
    {Sign::fallback, BinaryOperator::fallback, kFallback},
    {Sign::plus, BinaryOperator::add, kSum},
    {Sign::minus, BinaryOperator::subtract, kSum},
    {Sign::star, BinaryOperator::multiply, kProduct},
    {Sign::slash, BinaryOperator::divide, kProduct},
    {Sign::percent, BinaryOperator::remainder, kProduct},
    {Sign::bind, BinaryOperator::equal, kComparison, "=="},
    {Sign::equal_equal_equal, BinaryOperator::equal, kComparison, "=="},
    {Sign::less_greater, BinaryOperator::not_equal, kComparison, "!="},
    {Sign::and_and, BinaryOperator::logical_and, kAnd, "and"},
    {Sign::or_or, BinaryOperator::logical_or, kOr, "or"},
};

std::optional<BinarySign> binary_at(Cursor at) {
  if (at->is_word("or")) return BinarySign{Sign::none, BinaryOperator::logical_or, kOr};
  if (at->is_word("and")) return BinarySign{Sign::none, BinaryOperator::logical_and, kAnd};
  if (at->kind != TokenKind::sign) return std::nullopt;
  for (const BinarySign& known : kBinarySigns)
    if (known.sign == at->sign) return known;
  return std::nullopt;
}

void report_foreign(State& state, Cursor at, std::string_view meant) {
  const std::string wanted(meant);
  auto report =
      at->is(Sign::bind)
          ? state.reporter().report(diag::AssignInCondition{})
          : state.reporter().report(diag::ForeignSpelling{.found = std::string(sign_text(at->sign)), .wanted = wanted});
  report.at(at->span).fix(Applicability::certain, "use `" + wanted + "`", {{at->span, wanted}});
}

bool is_null_literal(const ast::Expr& expr) {
  const auto* literal = std::get_if<ast::Literal>(&expr.node);
  return literal != nullptr && std::holds_alternative<ast::NullLiteral>(literal->value);
}

bool is_comparator(const std::optional<BinarySign>& op) {
  return op && op->level == kComparison;
}

/// Reads operands and what stands between them. One object for one call of the part below.
template <class Context>
class Climber {
 public:
  Climber(Cursor& first, const Cursor& last, const Context& context)
      : first_(first), last_(last), context_(context), state_(state_of(context)) {}

  /// An expression of operators that bind at least as tightly as `level`; null if there is none.
  ast::ExprPtr read(int level) {
    ast::ExprPtr left = read_prefixed(level);
    while (left) {
      if (level <= kComparison && at_membership())
        left = read_membership(std::move(left));
      else if (const auto op = binary_at(first_); op && op->level >= level)
        left = read_binary(std::move(left), *op);
      else
        break;
    }
    return left;
  }

 private:
  ast::ExprPtr must(int level) {
    ast::ExprPtr right = read(level);
    if (!right) throw Failure(first_, "an expression");
    return right;
  }

  ast::ExprPtr read_prefixed(int level) {
    const Cursor at = first_;
    if (level <= kNot && at->is_word("not")) return read_unary(ast::UnaryOperator::logical_not, kNot);
    if (at->is(Sign::exclamation)) {
      state_.reporter()
          .report(diag::ForeignSpelling{.found = "!", .wanted = "not"})
          .at(at->span)
          .fix(Applicability::certain, "use `not`", {{at->span, "not "}});
      return read_unary(ast::UnaryOperator::logical_not, kSign);
    }
    if (level <= kTry && at->is_word("try")) return read_unary(ast::UnaryOperator::try_, kSum);
    if (at->is(Sign::minus)) return read_unary(ast::UnaryOperator::negate, kSign);
    ast::ExprPtr value;
    return operand.parse(first_, last_, context_, x3::unused, value) ? std::move(value) : nullptr;
  }

  ast::ExprPtr read_unary(ast::UnaryOperator op, int level) {
    const Cursor at = first_;
    if (!state_.enter(at)) throw Reported{at};
    struct Leave {
      State& state;
      ~Leave() { state.leave(); }
    };
    const Leave leave{state_};
    ++first_;
    ast::ExprPtr value = must(level);
    const Span span = cover(at->span, value->span);
    return state_.make_over(span, ast::Unary{op, at->span, std::move(value)});
  }

  ast::ExprPtr read_binary(ast::ExprPtr left, const BinarySign& op) {
    const Cursor at = first_++;
    const bool bars = at->is(Sign::or_or);
    // `<> null` is one mistake, and what is said of null is the answer.
    const bool with_null = (op.op == BinaryOperator::equal || op.op == BinaryOperator::not_equal) &&
                           (is_null_literal(*left) || first_->is_word("null"));
    if (!op.meant.empty() && !bars && !with_null) report_foreign(state_, at, op.meant);
    ast::ExprPtr right = must(op.level + 1);
    if (op.level != kComparison) {
      ast::ExprPtr joined = join(std::move(left), op.op, at, std::move(right));
      std::get<ast::Binary>(joined->node).bars = bars;
      return joined;
    }

    ast::ExprPtr compared = is_null_literal(*right) || is_null_literal(*left)
                                ? compare_with_null(std::move(left), op.op, at, std::move(right))
                                : join(std::move(left), op.op, at, std::move(right));
    while (is_comparator(binary_at(first_))) compared = read_chained(std::move(compared));
    return compared;
  }

  ast::ExprPtr join(ast::ExprPtr left, BinaryOperator op, Cursor at, ast::ExprPtr right) {
    const Span span = cover(left->span, right->span);
    return state_.make_over(span, ast::Binary{op, at->span, std::move(left), std::move(right)});
  }

  ast::ExprPtr compare_with_null(ast::ExprPtr left, BinaryOperator op, Cursor at, ast::ExprPtr right) {
    const Span span = cover(left->span, right->span);
    if (op != BinaryOperator::equal && op != BinaryOperator::not_equal)
      return join(std::move(left), op, at, std::move(right));
    const bool negated = op == BinaryOperator::not_equal;
    ast::ExprPtr& value = is_null_literal(*right) ? left : right;
    const std::string wanted = std::string(state_.source(value->span)) + (negated ? " is not null" : " is null");
    state_.reporter()
        .report(diag::ComparedWithNull{.found = std::string(state_.source(span)), .wanted = wanted})
        .at(span)
        .fix(Applicability::certain, "ask with `is`", {{span, wanted}});
    return state_.make_over(span, ast::IsNull{negated, std::move(value)});
  }

  /// `a < b < c`: what was meant is probably `a < b and b < c`.
  ast::ExprPtr read_chained(ast::ExprPtr compared) {
    const Cursor at = first_++;
    ast::ExprPtr right = must(kComparison + 1);
    auto report = state_.reporter().report(diag::ChainedComparison{});
    report.at(at->span, "a second comparison");
    if (const auto* first = std::get_if<ast::Binary>(&compared->node)) {
      report.also(first->op_span, "the first");
      const Span behind{at->span.file, first->right->span.end, first->right->span.end};
      const std::string again = std::string(state_.source(first->right->span));
      report.fix(Applicability::likely, "join two comparisons with `and`", {{behind, " and " + again}});
    }
    const Span span = cover(compared->span, right->span);
    return state_.make_over(span, ast::ErrorExpr{});
  }

  bool at_membership() const {
    const Cursor at = first_;
    const bool between = at->is_word("between") && !at->starts_line;
    return at->is_word("in") || at->is_word("is") || between || at->is_word("not");
  }

  /// `in`, `not in`, `is null`, `is not null`, and `between … and …` of SQL.
  ast::ExprPtr read_membership(ast::ExprPtr value) {
    const Cursor begin = first_;
    if (begin->is_word("is")) return read_is(std::move(value));
    const bool negated = begin->is_word("not");
    if (negated) ++first_;
    ast::In in;
    in.negated = negated;
    const Cursor word = first_;
    if (word->is_word("between")) return read_between(std::move(value), negated);
    if (word->is_word("in"))
      ++first_;
    else
      report_missing_in();
    if (auto list = read_parenthesised_list()) {
      in.first = std::move(list);
    } else {
      in.first = must(kFallback);
      if (first_->is(Sign::range) || first_->is(Sign::range_below)) {
        in.end = first_->is(Sign::range) ? ast::RangeEnd::included : ast::RangeEnd::excluded;
        ++first_;
        in.last = must(kSum);
      }
    }
    const Span span = cover(value->span, (in.last ? in.last : in.first)->span);
    in.value = std::move(value);
    return state_.make_over(span, std::move(in));
  }

  void report_missing_in() {
    const Span behind{first_->span.file, first_[-1].span.end, first_[-1].span.end};
    state_.reporter()
        .report(diag::MissingWord{.word = "in", .found = state_.found(first_)})
        .at(first_->span, "after a value, `in` must follow `not`")
        .fix(Applicability::likely, "add `in`", {{behind, " in"}});
  }

  ast::ExprPtr read_is(ast::ExprPtr value) {
    ++first_;
    const bool negated = first_->is_word("not");
    if (negated) ++first_;
    if (!first_->is_word("null")) {
      if (!negated) state_.expected(first_, "not", true);
      state_.expected(first_, "null", true);
      throw Failure(first_, "null");
    }
    const Span span = cover(value->span, first_->span);
    ++first_;
    return state_.make_over(span, ast::IsNull{negated, std::move(value)});
  }

  ast::ExprPtr read_between(ast::ExprPtr value, bool negated) {
    const Cursor between = first_++;
    ast::ExprPtr low = must(kSum);
    auto report = state_.reporter().report(diag::BetweenWord{});
    report.at(between->span);
    ast::In in;
    in.negated = negated;
    if (first_->is_word("and")) {
      ++first_;
      in.last = must(kSum);
      const Span middle{low->span.file, low->span.end, in.last->span.begin};
      report.fix(Applicability::certain, "write the range with `in`", {{between->span, "in"}, {middle, ".."}});
    }
    in.first = std::move(low);
    const Span span = cover(value->span, (in.last ? in.last : in.first)->span);
    in.value = std::move(value);
    return state_.make_over(span, std::move(in));
  }

  /// `in ("a", "b")` and `in (1)`: a list in the parentheses of SQL. Null if it is an ordinary expression.
  ast::ExprPtr read_parenthesised_list() {
    if (!first_->is(Sign::paren_open)) return nullptr;
    const Cursor comma = state_.skip_in_list(first_ + 1, first_ + 1, Sign::paren_close);
    if (comma == nullptr) return nullptr;
    const bool several = !comma->is(Sign::paren_close) || comma[-1].is(Sign::comma);
    const bool one_literal =
        comma == first_ + 2 && (first_[1].kind == TokenKind::text || first_[1].kind == TokenKind::number);
    if (!several && !one_literal) return nullptr;
    const Cursor open = first_;
    ast::List list;
    parentheses(set<&ast::List::elements>(expr)).parse(first_, last_, context_, list, x3::unused);
    const Span close = first_[-1].span;
    const Span span = cover(open->span, close);
    auto report = state_.reporter().report(diag::ParenthesisedList{});
    report.at(span);
    if (first_[-1].is(Sign::paren_close))
      report.fix(Applicability::certain, "use `[ ]`", {{open->span, "["}, {close, "]"}});
    return state_.make_over(span, std::move(list));
  }

  Cursor& first_;
  const Cursor& last_;
  const Context& context_;
  State& state_;
};

struct Operators : Part<Operators> {
  int level;
  constexpr explicit Operators(int loosest) : level(loosest) {}
  template <class Context, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, ast::ExprPtr& node, Attribute&) const {
    node = Climber<Context>(first, last, context).read(level);
    return node != nullptr;
  }
};

/// `c ? a : b` of C behind its condition, read as what it means.
struct QuestionMark : Part<QuestionMark> {
  template <class Context, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, ast::ExprPtr& node, Attribute&) const {
    if (!first->is(Sign::question)) return true;
    State& state = state_of(context);
    const Cursor question = first++;
    ast::If made;
    made.condition = std::move(node);
    made.then = must(first, last, context);
    if (!first->is(Sign::colon)) {
      state.expected(first, ":", true);
      throw Failure(first, ":");
    }
    ++first;
    made.otherwise = must(first, last, context);
    const Span span = cover(made.condition->span, made.otherwise->span);
    auto text = [&](const ast::ExprPtr& part) { return std::string(state.source(part->span)); };
    state.reporter()
        .report(diag::ForeignSpelling{.found = "?", .wanted = "if … then … else …"})
        .at(question->span)
        .fix(Applicability::likely, "write it with words",
             {{span, "if " + text(made.condition) + " then " + text(made.then) + " else " + text(made.otherwise)}});
    node = state.make_over(span, std::move(made));
    return true;
  }

 private:
  template <class Context>
  static ast::ExprPtr must(Cursor& first, const Cursor& last, const Context& context) {
    ast::ExprPtr value;
    if (!expr.parse(first, last, context, x3::unused, value)) throw Failure(first, "an expression");
    return value;
  }
};

/// A word of other languages for `else if`; the `if` in it is left to be read.
struct Elif : Part<Elif> {
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor&, const Context& context, RContext&, Attribute&) const {
    return state_of(context).correct_elif(first);
  }
};

/// `x =>` or `(x, y) =>`: looks over names only, so that an opening parenthesis costs no second reading.
struct LambdaAhead : Part<LambdaAhead> {
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor&, const Context&, RContext&, Attribute&) const {
    Cursor at = first;
    const bool several = at->is(Sign::paren_open);
    if (several) ++at;
    while (at->kind == TokenKind::word && (at->quoted || !is_reserved(at->text))) {
      ++at;
      if (!several || !at->is(Sign::comma)) break;
      ++at;
    }
    if (several && !(at++)->is(Sign::paren_close)) return false;
    return at > first && at->is(Sign::lambda);
  }
};

BRAID_LOCAL_RULE(lambda, ast::Lambda)
BRAID_LOCAL_RULE(conditional, ast::If)
bool read_function_name(State& state, Cursor& first, ast::NameExpr& expr) {
  ast::Name read;
  if (!read_name(state, first, read)) return false;
  expr.text = std::move(read.text);
  return true;
}
constexpr Terminal<ast::NameExpr> function_name{"the name of a function", read_function_name};

const auto lambda_def = LambdaAhead() >>
                        (parentheses(set<&ast::Lambda::parameters>(name)) | set<&ast::Lambda::parameters>(name)) >
                        sign(Sign::lambda) > set<&ast::Lambda::body>(expr);

const auto conditional_def = kw("if") > set<&ast::If::condition>(expr) > kw("then") > set<&ast::If::then>(expr) >>
                             -((kw("else") | Elif()) > set<&ast::If::otherwise>(expr));

/// Makes an expression of the node that the subject reads.
template <class Subject>
struct Wrapped : Around<Subject, Wrapped<Subject>> {
  using Around<Subject, Wrapped>::Around;
  template <class Context, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, ast::ExprPtr& node, Attribute&) const {
    State& state = state_of(context);
    const Cursor begin = first;
    typename Subject::attribute_type value{};
    if (!this->subject.parse(first, last, context, x3::unused, value)) return false;
    complete(state, begin, first, value);
    node = state.make(begin, first, std::move(value));
    return true;
  }

 private:
  static void complete(State&, Cursor, Cursor, ast::Lambda&) {}
  static void complete(State&, Cursor, Cursor, ast::NameExpr&) {}
  static void complete(State& state, Cursor begin, Cursor after, ast::If& node) {
    if (node.otherwise) return;
    const Span behind{begin->span.file, after[-1].span.end, after[-1].span.end};
    state.reporter()
        .report(diag::IfWithoutElse{})
        .at(begin->span, "this `if`")
        .fix(Applicability::sketch, "add what it is otherwise", {{behind, " else null"}});
    node.otherwise = state.hole(after);
  }
};
template <class Subject>
Wrapped<Subject> wrapped(const Subject& subject) {
  return Wrapped<Subject>(subject);
}

const auto expr_def =
    called("an expression", nested(wrapped(lambda) | wrapped(conditional) | (Operators(kOr) >> QuestionMark())));
const auto sum_def = called("an expression", nested(Operators(kSum)));
const auto callable_def = wrapped(lambda) | wrapped(function_name);

}  // namespace

BOOST_SPIRIT_DEFINE(conditional, lambda)
BOOST_SPIRIT_DEFINE(expr, sum, callable)
BOOST_SPIRIT_INSTANTIATE(expr_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(sum_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(callable_rule, Cursor, Context)

}  // namespace braid::grammar
