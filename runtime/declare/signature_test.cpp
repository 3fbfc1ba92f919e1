#include "runtime/declare/signature.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

TEST(Signature, ShowsNamesTypesAndFallbacks) {
  FunctionDeclaration function;
  function.name = "pad_start";
  EXPECT_EQ(signature_text(function), "pad_start()");
  function.parameters = {{.name = "text", .documentation = "", .type = string_type()},
                         {.name = "length", .documentation = "", .type = optional_type(int_type())},
                         {.name = "with", .documentation = "", .type = string_type(), .fallback = "\" \""}};
  EXPECT_EQ(signature_text(function), "pad_start(text: string, length: int?, with: string = \" \")");
}

TEST(Signature, GivesTheSameNameToTypesThatMustAgree) {
  FunctionDeclaration function;
  function.name = "f";
  function.parameters = {{.name = "values", .documentation = "", .kind = ParameterKind::list_of_any},
                         {.name = "value", .documentation = "", .kind = ParameterKind::any},
                         {.name = "kind", .documentation = "", .kind = ParameterKind::any_enum},
                         {.name = "amount", .documentation = "", .kind = ParameterKind::any_decimal}};
  EXPECT_EQ(signature_text(function), "f(values: list<T>, value: T, kind: enum, amount: decimal)");
}

}  // namespace
}  // namespace braid
