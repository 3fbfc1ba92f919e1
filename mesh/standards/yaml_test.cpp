#include "mesh/standards/yaml.h"

#include <gtest/gtest.h>

namespace braid::mesh {
namespace {

Node read(std::string_view text) {
  Result<Node, YamlFault> made = read_yaml(text);
  EXPECT_TRUE(made.ok()) << text << ": " << (made.ok() ? "" : made.error().message);
  return made.ok() ? std::move(*made) : Node();
}

TEST(Yaml, KeepsWhatWasWritten) {
  const Node node =
      read("version: 1.10.0\nplain: 1.10\nquoted: \"1.10\"\nbig: 12345678901234567890\nyes: yes\nnone:\n");
  EXPECT_TRUE(node.find("version")->is(Node::Kind::text));
  EXPECT_TRUE(node.find("plain")->is(Node::Kind::number));
  EXPECT_EQ(node.text_of("plain"), "1.10");
  EXPECT_TRUE(node.find("quoted")->is(Node::Kind::text));
  EXPECT_EQ(node.text_of("big"), "12345678901234567890");
  EXPECT_TRUE(node.find("yes")->is(Node::Kind::text));
  EXPECT_TRUE(node.find("none")->is(Node::Kind::null));
  EXPECT_EQ(node.entries.front().key, "version");
}

TEST(Yaml, IsTheSameBehindItsText) {
  Node made = Node::map();
  for (const char* text : {"",           " ",     "true",   "No",   "on",   "null", "~",  "1",  "1.5", "0x1F",   "1e3",
                           "2026-01-01", "12:30", "1_000",  "- a",  "a: b", "a #b", "#b", "\"", "'",   "a\nb\n", "a\tb",
                           "ä€😀",       "{a}",   "[a]",    "*a",   "&a",   "!a",   "%a", "@a", "`a`", "a,b",    "|",
                           ">",          "2.1.0", "v3.1.0", "\x07", "\\",   "=",    "<<", "?",  ":",   "-"})
    made.set(std::string("key of ") + text, text);
  made.set("number", Node::decimal("99.50")).set("list", Node::list().add(Node::list()).add(Node::map()).add(Node()));
  made.set("empty", Node::map()).set("true", Node::boolean(true));
  const std::string text = write_yaml(made);
  EXPECT_TRUE(same(read(text), made)) << text;
  EXPECT_EQ(write_yaml(read(text)), text);
}

TEST(Yaml, QuotesWhatSomeReadersTakeForSomethingElse) {
  for (const char* text : {"yes", "Off", "y", "2026-01-01", "12:30", "1_000", "1.10"})
    EXPECT_EQ(write_yaml(Node::text(text)), fmt::format("\"{}\"\n", text));
  for (const char* text : {"2.1.0", "v3.1.0", "urn:braid:local:a:b:1", "yesterday"})
    EXPECT_EQ(write_yaml(Node::text(text)), fmt::format("{}\n", text));
}

TEST(Yaml, SaysWhereAFaultIs) {
  const auto fault = [](std::string_view text) {
    const Result<Node, YamlFault> made = read_yaml(text);
    return made.ok() ? YamlFault{"none"} : made.error();
  };
  const std::string_view twice = "a: 1\nb: 2\na: 3 # again\n";
  EXPECT_EQ(twice.substr(fault(twice).begin, fault(twice).end - fault(twice).begin), "a: 3");
  EXPECT_NE(fault("\xEF\xBB\xBF").message, "none");
  EXPECT_NE(fault("a: [").message, "none");
  EXPECT_NE(fault("a: 1\n---\nb: 2\n").message, "none");
  EXPECT_NE(fault("? [a]\n: b\n").message, "none");
  EXPECT_NE(fault(std::string(5000, '[') + std::string(5000, ']')).message, "none");
  EXPECT_NE(fault("a: &x [*x]\n").message, "none");
}

TEST(Yaml, TakesOverMergedKeys) {
  const Node node = read("base: &b {x: 1, y: 2}\nmade: {<<: *b, y: 3}\n");
  EXPECT_EQ(node.find("made")->text_of("x"), "1");
  EXPECT_EQ(node.find("made")->text_of("y"), "3");
}

}  // namespace
}  // namespace braid::mesh
