// The syntax tree of one script: the written text, before any name or type is known. Plain values: closed variants,
// each child owned by its parent, no links up or across.
//
// Every node has the span of its text. Names have no backticks, texts are decoded, numbers keep their digits (without
// `_`), for their exact value. After a mistake the tree has holes (ErrorExpr, ErrorStep, ErrorClause, …). Readers do
// not report a hole: the parser has reported it already.
//
// Threads: values like any other. Recursion over a tree is safe: the parser bounds the height of expressions
// (kMaxHeight) and the nesting of everything else (kMaxNesting).
//
// This header has clauses, tests and items, and includes the rest.
#pragma once

#include "compiler/ast/flow_nodes.h"

namespace braid::ast {

// ---- clauses of items --------------------------------------------------------------------------------------

enum class PrincipalKind { anyone, role, domain, user };
struct Principal {
  PrincipalKind kind = PrincipalKind::anyone;
  std::variant<std::monostate, Text, Path> who;  ///< nothing for `anyone`
  Span span;
};

struct Connector {
  Name name;
  Text address;
  std::optional<Arguments> options;
  std::optional<Name> format;
  std::optional<Arguments> format_options;
  Span span;
};

struct Key {
  std::vector<Path> fields;
};
struct TimeClause {
  Path field;
  std::optional<Duration> within;
};
struct Allow {
  std::vector<Principal> readers;
  std::vector<Name> purposes;  ///< empty: any
  ExprPtr where;               ///< null: every row
};
struct Mask {
  std::vector<Path> fields;  ///< empty in a policy: the fields of its label
  ExprPtr with;              ///< a NameExpr (a function's name) or a Lambda
  std::vector<Principal> except;
};
struct Deprecated {
  Time until;
  std::optional<Int> successor;
};
/// `draft`: what it looks like is not promised yet.
struct Draft {};
/// `migrate from version 1 { select … }`: how a row of an earlier version becomes one of this.
struct Migrate {
  Int version;
  Flow flow;  ///< its `from` is no text of the script: that version of the product
};
struct FromConnector {
  Connector connector;
};
struct ToConnector {
  Connector connector;
  std::optional<Name> changes;      ///< `changes as upsert`
  std::optional<Principal> reader;  ///< `for role crm`
};
struct Idle {
  std::optional<Duration> after;  ///< empty: `never`
  bool advance = false;
};
struct Ahead {
  Duration limit;
};
struct Rate {
  Int rows;
  Duration period;
};
struct Keys {
  Int count;
  Path field;
};
struct DeleteWhen {
  ExprPtr condition;
};

struct Compatible {
  Name how;
};
struct Fresh {
  Duration within;
};
struct Latency {
  Name quantile;
  Duration below;
};
struct Unique {
  std::vector<Path> fields;
  std::optional<Duration> within;  ///< absent: for ever
};
struct Complete {
  std::vector<Path> fields;
  Percent share;
};
struct Volume {
  Int least;
  Int most;
  Duration period;
};
struct StateLimit {
  Size limit;
};
struct Keep {
  Duration duration;
};
struct PinnedFields {
  Fields fields;
};
enum class CheckAction { reject, alert, stop };
struct Check {
  Name name;
  ExprPtr condition;
  CheckAction action = CheckAction::alert;
};
/// A rule that others state of the product and nobody runs here.
struct Unchecked {
  Text rule;
  Text reason;
};

struct Promise {
  Span span;
  std::variant<Compatible, Fresh, Latency, Unique, Complete, Volume, StateLimit, Keep, PinnedFields, Check, Unchecked,
               ErrorClause>
      node;
};

struct Contract {
  std::vector<Promise> promises;
};

/// Of sources, views, products and policies; the parser accepts only the clauses of the item.
struct Clause {
  Span span;
  std::variant<Key, TimeClause, Contract, Allow, Mask, Deprecated, Draft, Migrate, FromConnector, ToConnector, Idle,
               Ahead, Rate, Keys, DeleteWhen, ErrorClause>
      node;
};

// ---- tests -------------------------------------------------------------------------------------------------

/// A row of a table of rows; without `fields` it is `..`: other rows.
struct Row {
  std::optional<Struct> fields;
  Span span;
};
struct Rows {
  std::vector<Row> list;
  Span span;  ///< with the brackets
};

struct SetParam {
  Name name;
  ExprPtr value;
};
struct GivenFile {
  Relation relation;
  Text path;
};
struct GivenRaw {
  Relation relation;
  ExprPtr records;  ///< a List
};
struct GivenRows {
  Relation relation;
  Rows rows;
};
struct DeleteRows {
  Relation relation;
  Rows rows;
};
struct Advance {
  Relation relation;
  Time to;
};
struct FallSilent {
  Relation relation;
};
struct Wait {
  Duration duration;
};
struct Restart {};
struct Expect {
  Relation relation;
  std::optional<Time> at;
  Rows rows;
};
struct ErrorTestStep {};

struct TestStep {
  Span span;
  std::variant<SetParam, GivenFile, GivenRaw, GivenRows, DeleteRows, Advance, FallSilent, Wait, Restart, Expect,
               ErrorTestStep>
      node;
};

struct Test {
  Text name;
  std::optional<Principal> reader;  ///< `as role analyst`
  std::vector<Name> purposes;
  bool in_order = false;
  std::vector<TestStep> steps;
};

// ---- items -------------------------------------------------------------------------------------------------

struct Param {
  Name name;
  TypePtr type;
  ExprPtr value;
};

struct TypeAlias {
  Name name;
  TypePtr type;
};

enum class SourceKind { stream, table };
struct Source {
  SourceKind kind = SourceKind::stream;
  Name name;
  std::optional<Int> version;
  std::vector<Clause> clauses;
  Fields fields;
};

struct View {
  Name name;
  std::vector<Clause> clauses;
  Flow flow;
};

struct Product {
  Name name;
  std::optional<Int> version;
  std::vector<Clause> clauses;
  Flow flow;
};

struct Policy {
  Name name;
  Label label;
  std::vector<Clause> clauses;  ///< Allow and Mask
};

struct TypeParameter {
  Name name;
  std::optional<Name> bound;
};

struct Parameter {
  Name name;
  TypePtr type;
  ExprPtr initial;  ///< null: must be given
  Span span;
};

struct Function {
  Name name;
  std::vector<TypeParameter> generics;
  std::vector<Parameter> parameters;
  TypePtr result;
  bool fails = false;
  bool block = false;   ///< `{ let … return e }`, not `= e`
  bool broken = false;  ///< a parameter could not be read
  std::vector<Let> lets;
  ExprPtr body;
  std::vector<ExprPtr> examples;
};

struct Aggregate {
  Name name;
  std::vector<TypeParameter> generics;
  std::vector<Parameter> parameters;
  TypePtr result;
  Fields init;
  Struct step;
  std::optional<Struct> undo;
  std::optional<Struct> merge;
  ExprPtr finish;
};

struct CacheFor {
  Duration duration;
  std::optional<Int> most;
};
struct TimeoutAfter {
  Duration duration;
};
struct Retry {
  Int count;
};
struct Parallel {
  Int count;
};
/// `else reject`, `else stop`: what becomes of rows for which there is no answer.
struct ElseOutcome {
  Name outcome;
};
struct ServiceOption {
  Span span;
  std::variant<CacheFor, TimeoutAfter, Retry, Parallel, ElseOutcome> node;
};
struct Service {
  Name name;
  std::vector<Parameter> parameters;
  TypePtr result;
  Connector connector;
  std::vector<ServiceOption> options;
};

/// An item that could not be read. It has the name that stands at the place of a name, so that uses of the name are not
/// mistakes.
struct ErrorItem {
  std::optional<Name> name;
  std::vector<std::string> words;  ///< in it, sorted, each once: one of them may be the name that it declares
};

struct Item {
  std::string doc;
  bool is_public = false;
  Span span;  ///< from `public` or its first word; the doc comment stands before it
  std::variant<Policy, Test, Param, TypeAlias, Source, View, Product, Function, Aggregate, Service, ErrorItem> node;
};

struct Domain {
  Path path;
  std::optional<Text> owner;
  std::optional<Text> description;
  Span span;
};

struct Use {
  Path path;
  std::optional<Int> version;
  std::optional<Name> as;
  std::optional<Name> purpose;  ///< what flows of the file read it for
  std::vector<Promise> expects;
  Span span;
};

/// `// …`, with its signs, to the end of the line. Doc comments stand on what they describe, and here too.
struct Comment {
  std::string text;
  bool is_doc = false;
  Span span;
};

struct Script {
  std::string doc;
  Domain domain;  ///< without parts after a mistake
  std::vector<Use> uses;
  std::vector<Item> items;
  std::vector<Comment> comments;  ///< in the order of the text
  Span span;
};

/// The first clause of one kind, or null.
template <class Node>
const Node* find_clause(const std::vector<Clause>& clauses) {
  for (const Clause& clause : clauses)
    if (const Node* node = std::get_if<Node>(&clause.node)) return node;
  return nullptr;
}

}  // namespace braid::ast
