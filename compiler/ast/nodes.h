// The syntax tree of one script: what was written, before any name or type is known. Plain values: closed variants,
// each child owned by its parent, no links up or across.
//
// Every node has the span of its text. Names stand without backticks, texts are decoded, numbers keep their digits
// (without `_`), for their exact value. After a mistake the tree has holes (ErrorExpr, ErrorStep, ErrorClause, …);
// whoever meets one is silent about it: the parser has reported it already.
//
// Threads: values like any other. Recursion over a tree is safe: the parser bounds the height of expressions
// (kMaxHeight) and the nesting of everything else (kMaxNesting).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/report/span.h"

namespace braid::ast {

inline constexpr int kMaxNesting = 256;   ///< braces, brackets, arms, lambdas … inside one another
inline constexpr int kMaxHeight = 1'000;  ///< of the tree of an expression; long chains of operators count

// ---- words and literals ------------------------------------------------------------------------------------

struct Name {
  std::string text;
  Span span;
};

/// `a.b.c`. Never empty but after a mistake.
struct Path {
  std::vector<Name> parts;
  Span span;
};

/// A count in a clause: `version 2`, `top 3`, `over 10 rows`.
struct Int {
  int64_t value = 0;
  Span span;
};

/// A text in a clause: `owner "…"`.
struct Text {
  std::string value;
  Span span;
};

/// `#pii`, without its sign.
struct Label {
  std::string text;
  Span span;
};

enum class DurationUnit { us, ms, s, m, h, d, w, mo, y };

struct DurationPart {
  int64_t count = 0;
  DurationUnit unit = DurationUnit::s;
};

/// `1h30m`: parts in the order written.
struct Duration {
  std::string text;
  std::vector<DurationPart> parts;
  Span span;
};

enum class TimeKind { date, time, instant };

/// `@2026-01-01`, `@12:30`, `@2026-01-01T00:00Z`: a day of the calendar and a time of the clock, which the parser has
/// judged. `text` is without the sign.
struct Time {
  TimeKind kind = TimeKind::date;
  std::string text;
  Span span;
};

/// `99.5%`: the digits before the sign.
struct Percent {
  std::string text;
  Span span;
};

enum class SizeUnit { kb, mb, gb, tb };

struct Size {
  int64_t count = 0;
  SizeUnit unit = SizeUnit::mb;
  Span span;
};

// ---- expressions -------------------------------------------------------------------------------------------

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;
struct Type;
using TypePtr = std::unique_ptr<Type>;

/// integer: `1_000`; decimal: `12.50`; floating: with an exponent; hex: `0x1F` (the text keeps `0x`).
enum class NumberKind { integer, decimal, floating, hex };

struct NullLiteral {};
struct BoolLiteral {
  bool value = false;
};
struct NumberLiteral {
  NumberKind kind = NumberKind::integer;
  std::string text;
};
struct TextLiteral {
  std::string value;
};

struct Literal {
  std::variant<NullLiteral, BoolLiteral, NumberLiteral, TextLiteral, Duration, Time> value;
};

/// `f"{name} has {n}"`: texts (decoded) and expressions in turn.
struct Formatted {
  std::vector<std::variant<Text, ExprPtr>> parts;
};

/// A bare name; its span is the expression's.
struct NameExpr {
  std::string text;
};

/// `where: e`, `#pii`, or `e`.
struct Argument {
  std::optional<Name> name;
  std::variant<ExprPtr, Label> value;
  Span span;
};

struct Arguments {
  std::vector<Argument> list;
  Span span;  ///< with the parentheses
};

struct Call {
  Name function;
  Arguments arguments;
};

struct MethodCall {
  ExprPtr object;
  bool optional = false;  ///< `?.`
  Name method;
  Arguments arguments;
};

struct FieldAccess {
  ExprPtr object;
  bool optional = false;  ///< `?.`
  Name field;
};

struct Index {
  ExprPtr object;
  ExprPtr index;
};

enum class UnaryOperator { negate, logical_not, try_ };

struct Unary {
  UnaryOperator op = UnaryOperator::negate;
  Span op_span;
  ExprPtr operand;
};

enum class BinaryOperator {
  logical_or,
  logical_and,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  fallback,  ///< `??`
  add,
  subtract,
  multiply,
  divide,
  remainder,
};

struct Binary {
  BinaryOperator op = BinaryOperator::add;
  Span op_span;
  ExprPtr left;
  ExprPtr right;
};

enum class RangeEnd { included, excluded };  ///< `..` and `..<`

/// `x in list`, `x not in 1..9`.
struct In {
  bool negated = false;
  ExprPtr value;
  ExprPtr first;  ///< the list, or the lower end of a range
  RangeEnd end = RangeEnd::included;
  ExprPtr last;  ///< the upper end; null: `first` is the list
};

struct IsNull {
  bool negated = false;
  ExprPtr operand;
};

struct If {
  ExprPtr condition;
  ExprPtr then;
  ExprPtr otherwise;
};

struct Pattern {
  ExprPtr first;
  RangeEnd end = RangeEnd::included;
  ExprPtr last;  ///< null: `first` is one value, not a range
  Span span;
};

struct Arm {
  std::vector<Pattern> patterns;  ///< empty in the arm `else`
  bool otherwise = false;
  ExprPtr result;
  Span span;
};

struct Case {
  ExprPtr subject;  ///< null: the arms' patterns are conditions
  std::vector<Arm> arms;
};

/// `..rest`; `value` is null in a bare `..`.
struct SpreadEntry {
  ExprPtr value;
};
struct NamedEntry {
  Name name;
  ExprPtr value;
};
/// `id`, `c.email`: named by its last part.
struct PlainEntry {
  ExprPtr value;
};

struct Entry {
  std::variant<SpreadEntry, NamedEntry, PlainEntry> node;
  Span span;
};

struct Struct {
  std::vector<Entry> entries;
  Span span;  ///< with the braces
};

struct List {
  std::vector<ExprPtr> elements;
};

struct Lambda {
  std::vector<Name> parameters;
  ExprPtr body;
};

/// Where an expression should stand and none could be read.
struct ErrorExpr {};

struct Expr {
  Span span;
  std::variant<Literal, Formatted, NameExpr, Call, MethodCall, FieldAccess, Index, Unary, Binary, In, IsNull, If, Case,
               Struct, List, Lambda, ErrorExpr>
      node;
  int height = 1;  ///< 1 + that of its highest child; at most kMaxHeight
};

// ---- types -------------------------------------------------------------------------------------------------

struct Field {
  std::string doc;
  Name name;
  TypePtr type;
  std::vector<Label> labels;
  std::optional<Text> from;  ///< where it stands in the record
  ExprPtr initial;           ///< null: none
  Span span;
};

struct Fields {
  std::vector<Field> list;
  std::optional<Span> others;  ///< `..`
  Span span;                   ///< with the braces
};

/// `int`, `currency`, `payments.money`.
struct NamedType {
  Path path;
};
/// `decimal(12,2)`; a bare `decimal` is a NamedType.
struct DecimalType {
  Int precision;
  Int scale;
};
struct EnumType {
  std::vector<Name> symbols;
};
struct ListType {
  TypePtr element;
};
struct MapType {
  TypePtr key;
  TypePtr value;
};
struct FunctionType {
  std::vector<Type> parameters;
  TypePtr result;
};
struct StructType {
  Fields fields;
};
struct ErrorType {};

struct Type {
  Span span;
  bool optional = false;  ///< `T?`
  std::variant<NamedType, DecimalType, EnumType, ListType, MapType, FunctionType, StructType, ErrorType> node;
};

// ---- flows -------------------------------------------------------------------------------------------------

/// `customer`, `payments.payment version 1`, `enriched.rejected`.
struct Relation {
  Path path;
  std::optional<Int> version;
  Span span;
};

struct FromRelation {
  Relation relation;
  bool by_arrival = false;
};
struct FromEvery {
  Duration period;
};

struct From {
  std::variant<FromRelation, FromEvery> node;
  std::optional<Name> as;
  Span span;
};

struct Union {
  Relation relation;
};

struct Where {
  ExprPtr condition;
  std::optional<Name> otherwise;  ///< the port of `else`
};

struct Let {
  Name name;
  ExprPtr value;
  Span span;
};

struct Select {
  Struct row;
};

struct Drop {
  std::vector<Path> fields;
};

struct Renaming {
  Path from;
  Name to;
  Span span;
};
struct Rename {
  std::vector<Renaming> list;
};

/// `retain 30d`; no duration: `retain forever`.
struct Retain {
  std::optional<Duration> duration;
};

struct WithinWindow {};
struct WithinAny {};
/// `within -5m..2h`, `within 0s..any`.
struct WithinRange {
  ExprPtr first;
  ExprPtr last;  ///< null: `any`
};
struct MaxAge {
  Duration age;
};
struct WaitAtMost {
  Duration wait;
};
struct ElsePort {
  Name port;
};
struct ErrorClause {};

struct JoinClause {
  Span span;
  std::variant<WithinWindow, WithinAny, WithinRange, MaxAge, WaitAtMost, ElsePort, Retain, ErrorClause> node;
};

enum class JoinKind { inner, left, right, full, semi, anti };
enum class JoinPick { all, latest, nearest };

struct Join {
  JoinKind kind = JoinKind::inner;
  JoinPick pick = JoinPick::all;
  Relation relation;
  std::optional<Name> as;
  ExprPtr on;                ///< null: none, or `using`
  std::vector<Name> using_;  ///< empty: none, or `on`
  std::vector<JoinClause> clauses;
};

struct Lookup {
  bool left = false;
  Name service;
  Arguments arguments;
  Name as;
  std::optional<Name> otherwise;
};

struct Unnest {
  bool left = false;
  ExprPtr list;
  Name as;
};

/// `10m` or the name of a param.
using Length = std::variant<Duration, Name>;

struct Tumbling {
  Length length;
};
struct Hopping {
  Length length;
  Length every;
};
struct Cumulative {
  Length length;
  Length every;
};
struct Session {
  Length gap;
  std::optional<Length> max;
};
/// `span at..expires`.
struct SpanWindow {
  ExprPtr first;
  RangeEnd end = RangeEnd::included;
  ExprPtr last;
};

struct WindowZone {
  std::variant<Text, Name> zone;
};
struct WindowLate {
  Duration late;
};
struct WindowName {
  Name name;
};
struct WindowOption {
  Span span;
  std::variant<WindowZone, WindowLate, WindowName, ErrorClause> node;
};

struct Window {
  std::variant<Tumbling, Hopping, Cumulative, Session, SpanWindow> kind;
  std::vector<WindowOption> options;
};

enum class EmitKind { final, changes, every };
struct Emit {
  EmitKind kind = EmitKind::final;
  std::optional<Duration> period;  ///< of `every`
  bool wall = false;
};
/// `as name`: the identity of the step's state.
struct StateName {
  Name name;
};
struct StatefulOption {
  Span span;
  std::variant<Emit, Retain, StateName, ErrorClause> node;
};

struct Group {
  std::vector<Entry> keys;
  Struct aggregates;
  std::vector<StatefulOption> options;
};

struct Running {
  std::vector<ExprPtr> per;
  std::variant<std::monostate, Int, Duration> over;  ///< nothing, rows, a duration
  Struct aggregates;
  std::vector<StatefulOption> options;
};

enum class Direction { ascending, descending };
struct Ordering {
  ExprPtr value;
  std::optional<Direction> direction;  ///< as written; ascending if not
  Span span;
};

struct Top {
  Int count;
  bool with_ties = false;
  std::vector<Ordering> by;
  std::vector<ExprPtr> per;
  std::optional<Name> numbered;
  std::vector<StatefulOption> options;
};

struct Last {
  std::vector<ExprPtr> per;
  std::vector<StatefulOption> options;
};

struct Distinct {
  std::vector<ExprPtr> keys;
  Duration within;
  std::vector<StatefulOption> options;
};

enum class ElementKind { somewhere, next, absent };  ///< plain, `next`, `no`
/// `?` is 0..1; `{3}` is 3..3; `{3..}` has no `most`.
struct Quantity {
  int64_t least = 1;
  std::optional<int64_t> most;
  Span span;
};
struct Element {
  ElementKind kind = ElementKind::somewhere;
  Name name;
  std::optional<Quantity> quantity;
  ExprPtr condition;
  Span span;
};

struct Match {
  std::vector<ExprPtr> per;
  Duration within;
  std::vector<Element> elements;
  std::vector<StatefulOption> options;
};

/// A step that could not be read.
struct ErrorStep {};

struct Step {
  Span span;
  std::variant<Union, Where, Let, Select, Drop, Rename, Join, Lookup, Unnest, Window, Group, Running, Top, Last,
               Distinct, Match, ErrorStep>
      node;
};

struct Flow {
  std::optional<From> from;  ///< empty only after a mistake
  std::vector<Step> steps;
  Span span;  ///< with the braces
};

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
  Duration within;
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

struct Promise {
  Span span;
  std::variant<Compatible, Fresh, Latency, Unique, Complete, Volume, StateLimit, Keep, PinnedFields, Check, ErrorClause>
      node;
};

struct Contract {
  std::vector<Promise> promises;
};

/// Of sources, views, products and policies; the parser lets in only those that fit.
struct Clause {
  Span span;
  std::variant<Key, TimeClause, Contract, Allow, Mask, Deprecated, FromConnector, ToConnector, Idle, Ahead, Rate, Keys,
               DeleteWhen, ErrorClause>
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
  bool block = false;  ///< `{ let … return e }`, not `= e`
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
struct ServiceOption {
  Span span;
  std::variant<CacheFor, TimeoutAfter, Retry, Parallel> node;
};
struct Service {
  Name name;
  std::vector<Parameter> parameters;
  TypePtr result;
  Connector connector;
  std::vector<ServiceOption> options;
};

/// An item that could not be read. Its name, if one stands where names do, is known nevertheless, so that uses of it
/// are no mistakes.
struct ErrorItem {
  std::optional<Name> name;
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
