// Changes of definitions, each with the answer that is to come out: by hand, not by the code under test.
#include "mesh/gate/definition_change.h"

#include <gtest/gtest.h>

namespace braid::mesh {
namespace {

Definition of(const std::string& kind, const std::string& text, const std::vector<DefinitionItem>& more = {}) {
  Definition made{.domain = "shop", .name = "thing", .owner = {}};
  made.items = {
      {.domain = "shop", .name = "thing", .kind = kind, .is_public = true, .documentation = {}, .text = text}};
  made.items.insert(made.items.end(), more.begin(), more.end());
  return made;
}

DefinitionItem helper(const std::string& kind, const std::string& name, const std::string& text) {
  return {.domain = "shop", .name = name, .kind = kind, .is_public = false, .documentation = {}, .text = text};
}

/// "field-gone breaks": of each change, the strongest of the user that names `fields`.
std::vector<std::string> judged(const Definition& before, const Definition& after,
                                const std::vector<std::string>& fields = {},
                                const std::vector<std::string>& exhaustive = {}) {
  const KnownReader user{
      .name = "board.kpi version 1", .domain = "board", .owner = {}, .fields = fields, .exhaustive = exhaustive};
  const Verdict verdict = judge(before, after, {user});
  std::vector<std::string> made;
  for (size_t i = 0; i < verdict.changes.size(); ++i) {
    Weight weight = Weight::none;
    for (const Effect& effect : verdict.effects)
      if (effect.change == i) weight = std::max(weight, effect.weight);
    const char* word = weight == Weight::breaks ? " breaks" : weight == Weight::notice ? " notice" : " none";
    made.push_back(std::string(word_of(verdict.changes[i].kind)) + word);
  }
  EXPECT_EQ(verdict.breaks(), !verdict.ways_out.empty());
  return made;
}

using Texts = std::vector<std::string>;

TEST(DefinitionGate, GoesByTheFieldsThatAUserNames) {
  const Definition before = of("type", "type thing = { id: int, note: string, at: { city: string, zip: string } }");
  const auto without_note = of("type", "type thing = { id: int, at: { city: string, zip: string } }");
  EXPECT_EQ(judged(before, without_note, {"note"}), Texts{"field-gone breaks"});
  EXPECT_EQ(judged(before, without_note, {"id"}), Texts{"field-gone none"});
  const auto without_zip = of("type", "type thing = { id: int, note: string, at: { city: string } }");
  EXPECT_EQ(judged(before, without_zip, {"at.zip"}), Texts{"field-gone breaks"});
  EXPECT_EQ(judged(before, without_zip, {"at.city"}), Texts{"field-gone none"});
  EXPECT_EQ(judged(before, without_zip, {"at"}), Texts{"field-gone breaks"});
  const auto wider =
      of("type", "type thing = { id: int, note: string?, at: { city: string, zip: string }, more: int }");
  EXPECT_EQ(judged(before, wider, {"note"}), (Texts{"became-optional breaks", "field-added notice"}));
  EXPECT_EQ(judged(before, wider, {"id"}), (Texts{"became-optional none", "field-added notice"}));
}

TEST(DefinitionGate, KnowsWhatTheNamedTypesAre) {
  const auto with = [](const std::string& status) {
    return of("type", "type thing = { id: int, status: status }", {helper("type", "status", status)});
  };
  const Definition before = with("type status = enum { open, paid }");
  const Definition after = with("type status = enum { open, paid, late }");
  EXPECT_EQ(judged(before, after, {"status"}), Texts{"symbol-added notice"});
  EXPECT_EQ(judged(before, after, {"id"}), Texts{"symbol-added none"});
  EXPECT_EQ(judged(before, after, {"status"}, {"status"}), Texts{"symbol-added breaks"});
  EXPECT_EQ(judged(after, before, {"status"}), Texts{"symbol-gone breaks"});
}

TEST(DefinitionGate, GoesByTheSymbolsOfAnEnum) {
  const Definition before = of("type", "type thing = enum { open, paid }");
  EXPECT_EQ(judged(before, of("type", "type thing = enum { open, paid, late }"), {"thing"}),
            Texts{"symbol-added notice"});
  EXPECT_EQ(judged(before, of("type", "type thing = enum { open, paid, late }"), {"thing"}, {"thing"}),
            Texts{"symbol-added breaks"});
  EXPECT_EQ(judged(before, of("type", "type thing = string"), {"thing"}), Texts{"type-widened breaks"});
}

TEST(DefinitionGate, GoesByTheSignatureOfAFunction) {
  const Definition before = of("function", "function thing(x: int) -> int = x + 1");
  EXPECT_EQ(judged(before, of("function", "function thing(x: int, y: int) -> int = x + y")),
            Texts{"signature-changed breaks"});
  EXPECT_EQ(judged(before, of("function", "function thing(x: int, y: int = 1) -> int = x + y")),
            Texts{"signature-widened none"});
  EXPECT_EQ(judged(before, of("function", "function thing(y: int) -> int = y + 1")), Texts{"signature-changed breaks"})
      << "arguments have names";
  EXPECT_EQ(judged(before, of("function", "function thing(x: int) -> int? = x + 1")),
            Texts{"signature-changed breaks"});
  EXPECT_EQ(judged(before, of("function", "function thing(x: int) -> int = x + 2")), Texts{"body-changed notice"});
  EXPECT_EQ(judged(before, of("function", "function  thing(x: int)\n-> int = x + 1")), Texts{"text-changed none"});
  EXPECT_EQ(judged(before, of("type", "type thing = int")), (Texts{"definition-gone breaks", "definition-added none"}));
  const auto generic = [](const std::string& bound) {
    return of("function", "function thing<T" + bound + ">(x: T) -> T = x");
  };
  EXPECT_EQ(judged(generic(""), generic(": number")), Texts{"signature-changed breaks"});
}

TEST(DefinitionGate, KnowsWhatAFunctionStandsOn) {
  const auto with = [](const std::string& text) {
    return of("function", "function thing(x: int) -> int = half(x)", {helper("function", "half", text)});
  };
  EXPECT_EQ(judged(with("function half(x: int) -> int = x / 2"), with("function half(x: int) -> int = x / 3")),
            Texts{"body-changed notice"});
  const auto taking = [](const std::string& type) {
    return of("function", "function thing(x: pair) -> int = x.a", {helper("type", "pair", "type pair = " + type)});
  };
  EXPECT_EQ(judged(taking("{ a: int }"), taking("{ a: int, b: int }")), Texts{"signature-changed breaks"});
}

TEST(DefinitionGate, GoesByTheStateOfAnAggregate) {
  const auto with = [](const std::string& init, const std::string& step) {
    return of("aggregate", "aggregate thing(x: int) -> int { init { " + init + " } step { " + step + " } finish n }");
  };
  const Definition before = with("n: int = 0", "n: n + x");
  EXPECT_EQ(judged(before, with("n: int = 0, m: int = 0", "n: n + x, m: m + 1")), Texts{"state-changed breaks"});
  EXPECT_EQ(judged(before, with("n: int = 0", "n: max(n, x)")), Texts{"body-changed notice"});
}

TEST(DefinitionGate, GoesByWhatAServiceAnswers) {
  const auto with = [](const std::string& answer, const std::string& address = "https://a.example/{sku}") {
    return of("service", "service thing(sku: string) -> { " + answer + " } from http \"" + address + "\"");
  };
  const Definition before = with("price: int, note: string");
  EXPECT_EQ(judged(before, with("price: int"), {"note"}), Texts{"field-gone breaks"});
  EXPECT_EQ(judged(before, with("price: int"), {"price"}), Texts{"field-gone none"});
  EXPECT_EQ(judged(before, with("price: int, note: string", "https://b.example/{sku}"), {"price"}),
            Texts{"body-changed notice"});
}

TEST(DefinitionGate, SaysWhomTheEndOfOneBreaks) {
  const Definition before = of("type", "type thing = int");
  EXPECT_TRUE(judge_removal(before, {user_of_all(before)}).breaks());
  EXPECT_FALSE(judge_removal(before, {}).breaks());
}

}  // namespace
}  // namespace braid::mesh
