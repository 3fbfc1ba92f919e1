// Operators and the other operations of the language itself.
#include <gtest/gtest.h>

#include "compiler/typed/project.h"
#include "tests/reasons/failing_script.h"

namespace braid::reasons {
namespace {

using typed::Operator;

struct Case {
  std::string expression;
  uint32_t code;
  std::string reason;
  std::string failing = {};  ///< the part that fails; empty: the whole
};

std::string big(const std::string& of) {
  return of + ".repeat(9_000_000)";
}

const std::vector<Case>& cases() {
  const std::string half = R"("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"… (9000000 bytes))";
  std::string many = "[";
  for (int i = 0; i < 16; ++i) many += "\"\", ";
  const std::string fewer = many + "… (3001 elements)]";
  many += "… (600001 elements)]";
  const std::string nested = R"(x.repeat(3_000).split("x").count(a => x.repeat(3_000).split("x").any(b => a != b)))";
  static const std::vector<Case> made{
      {"i + two", 6101, "the result of `i + two` does not fit `int`: 9223372036854775807 + 2"},
      {"low - two", 6101, "the result of `low - two` does not fit `int`: -9223372036854775808 - 2"},
      {"i * two", 6101, "the result of `i * two` does not fit `int`: 9223372036854775807 * 2"},
      {"-low", 6101, "the result of `-low` does not fit `int`: -(-9223372036854775808)"},
      {"i % zero", 6102, "division by zero in `i % zero`: 9223372036854775807 % 0"},
      {"f / nought", 6102, "division by zero in `f / nought`: 1.5 / 0.0"},
      {"d + d", 6101,
       "the result of `d + d` does not fit `decimal(38,2)`: 999999999999999999999999999999999999.99 + "
       "999999999999999999999999999999999999.99"},
      {"-d - d", 6101,
       "the result of `-d - d` does not fit `decimal(38,2)`: -999999999999999999999999999999999999.99 - "
       "999999999999999999999999999999999999.99"},
      {"d * d", 6101,
       "the result of `d * d` does not fit `decimal(38,4)`: 999999999999999999999999999999999999.99 * "
       "999999999999999999999999999999999999.99"},
      {"d / none", 6102, "division by zero in `d / none`: 999999999999999999999999999999999999.99 / 0.00"},
      {"d % none", 6102, "division by zero in `d % none`: 999999999999999999999999999999999999.99 % 0.00"},
      {"long + long", 6101, "the result of `long + long` does not fit `duration`: 106751990d + 106751990d"},
      {"-long - long", 6101, "the result of `-long - long` does not fit `duration`: -106751990d - 106751990d"},
      {"long * two", 6101, "the result of `long * two` does not fit `duration`: 106751990d * 2"},
      {"at + long", 6101, "the result of `at + long` does not fit `timestamp`: @2026-01-01T00:00:01Z + 106751990d"},
      {"old - long", 6101, "the result of `old - long` does not fit `timestamp`: @1900-01-01T00:00Z - 106751990d"},
      {big("x") + " + " + big("x"), 6107,
       "`" + big("x") + " + " + big("x") + "` would take more than 16 MiB, or 64 MiB in a loop: " + half + " + " +
           half},
      {"f\"{" + big("x") + "}{" + big("x") + "}\"", 6107,
       "`f\"{" + big("x") + "}{" + big("x") + "}\"` would take more than 16 MiB, or 64 MiB in a loop: " + half + " + " +
           half},
      {"x.repeat(600_000).split(\"x\") + x.repeat(600_000).split(\"x\")", 6107,
       "`x.repeat(600_000).split(\"x\") + x.repeat(600_000).split(\"x\")` would take more than 16 MiB, or 64 MiB in a "
       "loop: " +
           many + " + " + many},
      {"list.map(x => x + i)", 6101, "the result of `x + i` does not fit `int`: 1 + 9223372036854775807", "x + i"},
      {"list.filter((x, n) => 6 % (1 - n) == 0)", 6102, "division by zero in `6 % (1 - n)`: 6 % 0", "6 % (1 - n)"},
      {"list.reduce(low, (a, x) => a - x)", 6101, "the result of `a - x` does not fit `int`: -9223372036854775808 - 1",
       "a - x"},
      {"list.map(n => list[n + two])", 6103, "`list[n + two]` reads element 3 of a list of 3", "list[n + two]"},
      {"x.repeat(600_000).split(\"x\").flat_map(t => [t, t])", 6107,
       "`x.repeat(600_000).split(\"x\").flat_map(t => [t, t])` would take more than 16 MiB, or 64 MiB in a loop: " +
           many},
      {nested, 6107, "`" + nested + "` would take more than 16 MiB, or 64 MiB in a loop: " + fewer},
      {"list[3]", 6103, "`list[3]` reads element 3 of a list of 3"},
      {"list[-1 + zero]", 6103, "`list[-1 + zero]` reads element -1 of a list of 3"},
      {"if flag then fail(f\"no {x}\") else 1", 6105, "the script says: no x", "fail(f\"no {x}\")"},
      {"two + (if flag then i * two else 1)", 6101,
       "the result of `i * two` does not fit `int`: 9223372036854775807 * 2", "i * two"},
      {"if flag then fail(\"\") else 1", 6105, "the script says: an empty text", "fail(\"\")"},
      {"try i * two ?? (i + two)", 6101, "the result of `(i + two)` does not fit `int`: 9223372036854775807 + 2",
       "(i + two)"},
      {"try list[9] ?? list[7]", 6103, "`list[7]` reads element 7 of a list of 3", "list[7]"},
  };
  return made;
}

std::string script_of(const std::vector<std::string>& expressions) {
  std::string text(kRowDeclaration);
  for (size_t i = 0; i < expressions.size(); ++i)
    text +=
        fmt::format("\nproduct p{} version 1 {{\n  from row\n  select {{ id, value: {} }}\n}}\n", i, expressions[i]);
  return text;
}

TEST(Operations, NameThemselvesTheirValuesAndTheirPlace) {
  std::vector<std::string> expressions;
  for (const Case& each : cases()) expressions.push_back(each.expression);
  const FailingScript script(script_of(expressions));
  const std::vector<ErrorRow> rows = script.run({{"shop.row", std::string(kRowText)}});
  for (size_t i = 0; i < cases().size(); ++i) {
    const Case& each = cases()[i];
    SCOPED_TRACE(each.expression);
    const std::string product = fmt::format("shop.p{}", i);
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const ErrorRow& error) { return error.product == product; });
    if (row == rows.end()) {
      ADD_FAILURE() << "no row is rejected";
      continue;
    }
    check_row(script, *row);
    EXPECT_EQ(row->code, fmt::format("E{}", each.code));
    EXPECT_EQ(row->reason, each.reason);
    EXPECT_EQ(row->expression, each.failing.empty() ? each.expression : each.failing);
    EXPECT_EQ(row->output, "value");
    const size_t product_at = script.text().find(fmt::format("product p{} ", i));
    EXPECT_EQ(row->span, place_of(script.text(), script.text().find(row->expression, product_at)));
  }
}

/// Operator and kind of the result.
using Failing = std::pair<Operator, TypeKind>;

/// The operations among the nodes of the only product's `value` that may fail.
std::set<Failing> failing_operations(const scenarios::Script& script) {
  std::set<Failing> found;
  for (const typed::Relation& relation : script.project().relations) {
    if (relation.kind != typed::RelationKind::product) continue;
    const auto& select = std::get<typed::ProjectStep>(relation.steps.back().content);
    for (const typed::Expression* node : typed::fallible_nodes(*select.columns[1]))
      if (const auto* operation = std::get_if<typed::Operation>(&node->node))
        found.emplace(operation->op, node->type->kind);
  }
  return found;
}

TEST(Operations, EachOperatorThatMayFailHasACase) {
  std::vector<std::string> expressions;
  for (const Case& each : cases()) expressions.push_back(each.expression);
  const std::set<Failing> covered = failing_operations(scenarios::Script(script_of(expressions)));
  const std::vector<std::string> operands{"i",   "f",     "d",  "t",    "list", "raw",  "u",
                                          "day", "clock", "at", "long", "flag", "state"};
  std::set<Failing> needed;
  auto look = [&](const std::string& expression) {
    const scenarios::Script script(script_of({expression}));
    if (!script.faults().empty()) return;
    for (const Failing& failing : failing_operations(script)) {
      needed.insert(failing);
      EXPECT_TRUE(covered.count(failing))
          << expression << " may fail, and no case does: operator " << static_cast<int>(failing.first)
          << " that gives kind " << static_cast<int>(failing.second);
    }
  };
  for (const std::string& right : operands) {
    look("-" + right);
    for (const std::string& left : operands)
      for (const char* sign : {"+", "-", "*", "/", "%"}) look(left + " " + sign + " " + right);
  }
  EXPECT_GE(needed.size(), 15u);
  // A new kind of expression: if it can fail by itself, it needs a case above.
  static_assert(std::variant_size_v<decltype(typed::Expression::node)> == 23);
}

TEST(Operations, AStatedTypeThatDoesNotFit) {
  const FailingScript script(std::string(kRowDeclaration) + R"(
product narrow version 1
  contract { fields { id: int, price: decimal(5,2) } }
{
  from row
  select { id, price: d }
}
)");
  const std::vector<ErrorRow> rows = script.run({{"shop.row", std::string(kRowText)}});
  ASSERT_EQ(rows.size(), 1u);
  check_row(script, rows[0]);
  EXPECT_EQ(rows[0].reason,
            "the result of `price: decimal(5,2)` does not fit `decimal(5,2)`: 999999999999999999999999999999999999.99");
  EXPECT_EQ(rows[0].output, "price");
}

}  // namespace
}  // namespace braid::reasons
