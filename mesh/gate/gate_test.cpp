// The matrix of changes. Each is judged for a reader that uses what changes and for one that does not, and each row
// says what is to come out: by hand, not by the code under test.
#include <gtest/gtest.h>

#include <functional>

#include "mesh/gate/judge.h"

namespace braid::mesh {
namespace {

using enum ChangeKind;

constexpr int64_t kSecond = 1'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;

Interface payment() {
  Interface made{.domain = "finance", .name = "payment", .version = 1, .kind = InterfaceKind::stream};
  made.owner = "finance@acme.example";
  made.documentation = "Payments.";
  made.fields = {{"id", int_type(), "of the payment", {}},
                 {"amount", decimal_type(12, 2), "", {}},
                 {"fee", optional_type(decimal_type(8, 2)), "", {}},
                 {"currency", enum_type({"eur", "usd", "gbp"}), "", {}},
                 {"note", optional_type(string_type()), "", {}},
                 {"text", string_type(), "", {}},
                 {"tags", list_type(string_type()), "", {}},
                 {"rates", map_type(string_type(), decimal_type(8, 4)), "", {}},
                 {"payer", struct_type({{"email", string_type()}, {"age", optional_type(int_type())}}), "", {"pii"}},
                 {"lines", list_type(struct_type({{"sku", string_type()}, {"count", int_type()}})), "", {}},
                 {"at", timestamp_type(), "", {}}};
  made.key = {{"id"}};
  made.time = InterfaceTime{.field = "at", .within_us = 10 * kSecond};
  made.uniques = {{.fields = {{"id"}}, .within_us = kDay}};
  made.checks = {{.name = "positive", .condition = "amount > 0", .otherwise = "reject"}};
  made.promises = {.fresh_us = 5 * kMinute,
                   .latencies = {{"p99", 2 * kSecond}},
                   .completes = {{.fields = {{"note"}}, .percent = "20"}},
                   .volumes = {{.least = 10, .most = 100, .period_us = kHour}},
                   .state_bytes = 1 << 30,
                   .keep_us = 30 * kDay};
  made.allows = {{.readers = {"domain board", "domain audit"}, .purposes = {}}};
  made.addresses = {{.environment = "prod", .connector = "topic", .address = "finance.payment.v1", .format = "json"}};
  return made;
}

/// Uses everything and expects what is promised.
KnownReader user() {
  return {.name = "board.kpi version 1",
          .domain = "board",
          .owner = "board@acme.example",
          .fields = {"id", "amount", "fee", "currency", "note", "text", "tags", "rates", "payer.email", "payer.age",
                     "lines", "at"},
          .exhaustive = {"currency"},
          .reads_time = true,
          .reads_key = true,
          .expects = {.promises = payment().promises, .uniques = payment().uniques, .checks = {"positive"}}};
}

/// Reads `id` alone, by no time and no key, and expects nothing.
KnownReader bystander() {
  return {.name = "audit.ids version 1", .domain = "audit", .owner = "audit@acme.example", .fields = {"id"}};
}

InterfaceField& field(Interface& interface, std::string_view name) {
  for (InterfaceField& one : interface.fields)
    if (one.name == name) return one;
  throw std::runtime_error(std::string(name));
}

void remove_field(Interface& interface, std::string_view name) {
  std::erase_if(interface.fields, [&](const InterfaceField& one) { return one.name == name; });
}

struct Row {
  const char* name;
  std::function<void(Interface&)> change;
  std::vector<ChangeKind> kinds;  ///< of all changes found, in order
  Weight of_user, of_bystander;   ///< the heaviest effect on each
};

constexpr Weight kNone = Weight::none, kNotice = Weight::notice, kBreaks = Weight::breaks;

auto type_to(const char* name, Type type) {
  return [name, type](Interface& now) { field(now, name).type = type; };
}

std::vector<Row> rows() {
  return {
      {"nothing changes", [](Interface&) {}, {}, kNone, kNone},
      // ---- fields
      {"a field goes", [](Interface& now) { remove_field(now, "note"); }, {field_gone}, kBreaks, kNone},
      {"a field that both read goes", [](Interface& now) { remove_field(now, "id"); }, {field_gone}, kBreaks, kBreaks},
      {"a struct goes", [](Interface& now) { remove_field(now, "payer"); }, {field_gone}, kBreaks, kNone},
      {"a list of structs goes", [](Interface& now) { remove_field(now, "lines"); }, {field_gone}, kBreaks, kNone},
      {"a field comes",
       [](Interface& now) { now.fields.push_back({"more", int_type(), "", {}}); },
       {field_added},
       kNone,
       kNone},
      {"an optional field comes",
       [](Interface& now) { now.fields.push_back({"more", optional_type(int_type()), "", {}}); },
       {field_added},
       kNone,
       kNone},
      {"a field is renamed",
       [](Interface& now) { field(now, "text").name = "words"; },
       {field_gone, field_added},
       kBreaks,
       kNone},
      {"fields change places", [](Interface& now) { std::swap(now.fields[1], now.fields[5]); }, {}, kNone, kNone},
      {"a field inside a struct goes",
       type_to("payer", struct_type({{"email", string_type()}})),
       {field_gone},
       kBreaks,
       kNone},
      {"a field inside a struct comes",
       type_to("payer", struct_type({{"email", string_type()}, {"age", optional_type(int_type())}, {"x", int_type()}})),
       {field_added},
       kNone,
       kNone},
      {"a field inside a struct changes its type",
       type_to("payer", struct_type({{"email", string_type()}, {"age", optional_type(float_type())}})),
       {type_changed},
       kBreaks,
       kNone},
      {"a field inside a list's structs goes",
       type_to("lines", list_type(struct_type({{"sku", string_type()}}))),
       {field_gone},
       kBreaks,
       kNone},
      {"a field inside a list's structs changes its type",
       type_to("lines", list_type(struct_type({{"sku", int_type()}, {"count", int_type()}}))),
       {type_changed},
       kBreaks,
       kNone},
      {"a struct becomes optional",
       type_to("payer", optional_type(struct_type({{"email", string_type()}, {"age", optional_type(int_type())}}))),
       {became_optional},
       kBreaks,
       kNone},
      {"a struct becomes text", type_to("payer", string_type()), {type_changed}, kBreaks, kNone},
      // ---- types
      {"a decimal has more digits", type_to("amount", decimal_type(14, 2)), {type_widened}, kBreaks, kNone},
      {"a decimal has more digits behind the point",
       type_to("amount", decimal_type(14, 4)),
       {type_widened},
       kBreaks,
       kNone},
      {"a decimal has fewer digits", type_to("amount", decimal_type(10, 2)), {type_narrowed}, kBreaks, kNone},
      {"a decimal moves its point", type_to("amount", decimal_type(12, 4)), {type_changed}, kBreaks, kNone},
      {"a decimal becomes a float", type_to("amount", float_type()), {type_changed}, kBreaks, kNone},
      {"a decimal becomes an int", type_to("amount", int_type()), {type_changed}, kBreaks, kNone},
      {"an int becomes a wide decimal", type_to("id", decimal_type(19, 0)), {type_widened}, kBreaks, kBreaks},
      {"an int becomes a short decimal", type_to("id", decimal_type(9, 0)), {type_narrowed}, kBreaks, kBreaks},
      {"an int becomes text", type_to("id", string_type()), {type_changed}, kBreaks, kBreaks},
      {"text becomes an int", type_to("text", int_type()), {type_changed}, kBreaks, kNone},
      {"text becomes bytes", type_to("text", bytes_type()), {type_changed}, kBreaks, kNone},
      {"text becomes an enum", type_to("text", enum_type({"a", "b"})), {type_narrowed}, kBreaks, kNone},
      {"a timestamp becomes a date", type_to("at", date_type()), {type_changed}, kBreaks, kNone},
      {"a list has other elements", type_to("tags", list_type(int_type())), {type_changed}, kBreaks, kNone},
      {"a list has elements that may be null",
       type_to("tags", list_type(optional_type(string_type()))),
       {became_optional},
       kBreaks,
       kNone},
      {"a list becomes a value", type_to("tags", string_type()), {type_changed}, kBreaks, kNone},
      {"a map has other keys",
       type_to("rates", map_type(int_type(), decimal_type(8, 4))),
       {type_changed},
       kBreaks,
       kNone},
      {"a map has wider values",
       type_to("rates", map_type(string_type(), decimal_type(12, 4))),
       {type_widened},
       kBreaks,
       kNone},
      // ---- null
      {"a field becomes optional", type_to("text", optional_type(string_type())), {became_optional}, kBreaks, kNone},
      {"a field becomes required", type_to("note", string_type()), {became_required}, kNone, kNone},
      {"a field becomes required and wider",
       type_to("fee", decimal_type(10, 2)),
       {became_required, type_widened},
       kBreaks,
       kNone},
      {"a field becomes optional and wider",
       type_to("amount", optional_type(decimal_type(14, 2))),
       {became_optional, type_widened},
       kBreaks,
       kNone},
      // ---- symbols
      {"a symbol comes", type_to("currency", enum_type({"eur", "usd", "gbp", "chf"})), {symbol_added}, kBreaks, kNone},
      {"a symbol goes", type_to("currency", enum_type({"eur", "usd"})), {symbol_gone}, kBreaks, kNone},
      {"a symbol comes and one goes",
       type_to("currency", enum_type({"eur", "usd", "chf"})),
       {symbol_gone, symbol_added},
       kBreaks,
       kNone},
      {"symbols change places",
       type_to("currency", enum_type({"usd", "eur", "gbp"})),
       {symbols_reordered},
       kBreaks,
       kNone},
      {"an enum becomes text", type_to("currency", string_type()), {type_widened}, kBreaks, kNone},
      // ---- meaning
      {"events become changes",
       [](Interface& now) { now.kind = InterfaceKind::changes; },
       {kind_changed},
       kBreaks,
       kBreaks},
      {"events become a history",
       [](Interface& now) { now.kind = InterfaceKind::versions; },
       {kind_changed},
       kBreaks,
       kBreaks},
      {"events become reference data",
       [](Interface& now) { now.kind = InterfaceKind::reference; },
       {kind_changed},
       kBreaks,
       kBreaks},
      {"another key", [](Interface& now) { now.key = {{"text"}}; }, {key_changed}, kBreaks, kNotice},
      {"a longer key", [](Interface& now) { now.key = {{"id"}, {"currency"}}; }, {key_changed}, kBreaks, kNotice},
      {"no key", [](Interface& now) { now.key.clear(); }, {key_changed}, kBreaks, kNotice},
      {"another event time", [](Interface& now) { now.time->field = "settled"; }, {time_changed}, kBreaks, kNotice},
      {"no event time", [](Interface& now) { now.time.reset(); }, {time_changed}, kBreaks, kNotice},
      {"an event time beside the row",
       [](Interface& now) { now.time->field.clear(); },
       {time_changed},
       kBreaks,
       kNotice},
      {"rows come later", [](Interface& now) { now.time->within_us = kMinute; }, {disorder_raised}, kBreaks, kNone},
      {"rows come sooner", [](Interface& now) { now.time->within_us = kSecond; }, {disorder_lowered}, kNone, kNone},
      // ---- promises
      {"less fresh", [](Interface& now) { now.promises.fresh_us = kHour; }, {promise_loosened}, kBreaks, kNotice},
      {"fresh no more", [](Interface& now) { now.promises.fresh_us.reset(); }, {promise_loosened}, kBreaks, kNotice},
      {"fresher", [](Interface& now) { now.promises.fresh_us = kMinute; }, {promise_tightened}, kNone, kNone},
      {"slower",
       [](Interface& now) { now.promises.latencies[0].below_us = kMinute; },
       {promise_loosened},
       kBreaks,
       kNotice},
      {"faster",
       [](Interface& now) { now.promises.latencies[0].below_us = kSecond; },
       {promise_tightened},
       kNone,
       kNone},
      {"a latency of another share",
       [](Interface& now) { now.promises.latencies[0].quantile = "p50"; },
       {promise_loosened, promise_tightened},
       kBreaks,
       kNotice},
      {"less complete",
       [](Interface& now) { now.promises.completes[0].percent = "10"; },
       {promise_loosened},
       kBreaks,
       kNotice},
      {"more complete",
       [](Interface& now) { now.promises.completes[0].percent = "99.5"; },
       {promise_tightened},
       kNone,
       kNone},
      {"complete no more",
       [](Interface& now) { now.promises.completes.clear(); },
       {promise_loosened},
       kBreaks,
       kNotice},
      {"complete in another field",
       [](Interface& now) { now.promises.completes[0].fields = {{"fee"}}; },
       {promise_loosened, promise_tightened},
       kBreaks,
       kNotice},
      {"fewer rows", [](Interface& now) { now.promises.volumes[0].least = 1; }, {promise_loosened}, kBreaks, kNotice},
      {"more rows", [](Interface& now) { now.promises.volumes[0].most = 1'000; }, {promise_loosened}, kBreaks, kNotice},
      {"a closer volume",
       [](Interface& now) { now.promises.volumes[0].least = 50; },
       {promise_tightened},
       kNone,
       kNone},
      {"no volume", [](Interface& now) { now.promises.volumes.clear(); }, {promise_loosened}, kBreaks, kNotice},
      {"unique for less long",
       [](Interface& now) { now.uniques[0].within_us = kHour; },
       {promise_loosened},
       kBreaks,
       kNotice},
      {"unique for longer",
       [](Interface& now) { now.uniques[0].within_us = 2 * kDay; },
       {promise_tightened},
       kNone,
       kNone},
      {"unique for ever", [](Interface& now) { now.uniques[0].within_us.reset(); }, {promise_tightened}, kNone, kNone},
      {"unique no more", [](Interface& now) { now.uniques.clear(); }, {promise_loosened}, kBreaks, kNotice},
      {"kept for less long", [](Interface& now) { now.promises.keep_us = kDay; }, {promise_loosened}, kBreaks, kNotice},
      {"kept for longer", [](Interface& now) { now.promises.keep_us = 60 * kDay; }, {promise_tightened}, kNone, kNone},
      {"kept no more", [](Interface& now) { now.promises.keep_us.reset(); }, {promise_loosened}, kBreaks, kNotice},
      {"more state",
       [](Interface& now) { now.promises.state_bytes = int64_t{4} << 30; },
       {promise_loosened},
       kNone,
       kNone},
      {"a level of compatibility comes",
       [](Interface& now) { now.compatible = schema::Compatibility::full; },
       {promise_tightened},
       kNone,
       kNone},
      // ---- checks
      {"a check goes", [](Interface& now) { now.checks.clear(); }, {check_gone}, kBreaks, kNotice},
      {"a check says something else",
       [](Interface& now) { now.checks[0].condition = "amount > -1"; },
       {check_changed},
       kBreaks,
       kNotice},
      {"a check only alerts",
       [](Interface& now) { now.checks[0].otherwise = "alert"; },
       {check_loosened},
       kBreaks,
       kNotice},
      {"a check stops", [](Interface& now) { now.checks[0].otherwise = "stop"; }, {check_tightened}, kNotice, kNotice},
      {"a check comes",
       [](Interface& now) { now.checks.push_back({"more", "id > 0", "reject"}); },
       {check_added},
       kNotice,
       kNotice},
      // ---- access
      {"one domain may no longer read",
       [](Interface& now) { now.allows[0].readers = {"domain board"}; },
       {access_lost},
       kNone,
       kBreaks},
      {"nobody else may read",
       [](Interface& now) { now.allows[0].readers = {"domain finance"}; },
       {access_lost, access_lost},
       kBreaks,
       kBreaks},
      {"one more domain may read",
       [](Interface& now) { now.allows[0].readers.push_back("domain sales"); },
       {access_gained},
       kNone,
       kNone},
      {"everybody may read", [](Interface& now) { now.allows[0].readers = {"anyone"}; }, {access_gained}, kNone, kNone},
      {"one domain reads some rows alone",
       [](Interface& now) {
         now.allows[0].readers = {"domain board"};
         now.access.rows = {{.readers = {"domain audit"}, .purposes = {}, .where = "amount > 0"}};
       },
       {access_lost, access_gained},
       kNone,
       kNone},
      {"other domains read some rows alone",
       [](Interface& now) {
         now.allows.clear();
         now.access.rows = {{.readers = {"domain board"}, .purposes = {}, .where = "amount > 0"}};
       },
       {access_lost, access_lost, access_gained},
       kNone,
       kBreaks},
      {"a field is masked",
       [](Interface& now) { now.access.masks = {{.field = {"amount"}, .with = "x => 0.00", .except = {}}}; },
       {mask_added},
       kNotice,
       kNone},
      // ---- labels, addresses, life, texts
      {"a label comes", [](Interface& now) { field(now, "text").labels = {"pii"}; }, {label_added}, kNotice, kNone},
      {"a label goes", [](Interface& now) { field(now, "payer").labels.clear(); }, {label_gone}, kNone, kNone},
      {"another topic",
       [](Interface& now) { now.addresses[0].address = "finance.payment.v2"; },
       {address_gone, address_added},
       kBreaks,
       kBreaks},
      {"another format", [](Interface& now) { now.addresses[0].format = "avro"; }, {format_changed}, kBreaks, kBreaks},
      {"one more topic",
       [](Interface& now) { now.addresses.push_back({"test", "topic", "t", "json"}); },
       {address_added},
       kNone,
       kNone},
      {"its end is near",
       [](Interface& now) { now.deprecated = typed::Deprecation{"2026-12-31", 2}; },
       {deprecated},
       kNotice,
       kNotice},
      {"another owner", [](Interface& now) { now.owner = "ledger@acme.example"; }, {text_changed}, kNone, kNone},
      {"another text", [](Interface& now) { now.documentation = "All payments."; }, {text_changed}, kNone, kNone},
      {"another text of a field",
       [](Interface& now) { field(now, "id").documentation = "x"; },
       {text_changed},
       kNone,
       kNone},
      // ---- more shapes
      {"a list of structs comes",
       [](Interface& now) {
         now.fields.push_back({"parts", list_type(struct_type({{"sku", string_type()}})), "", {}});
       },
       {field_added},
       kNone,
       kNone},
      {"an enum comes",
       [](Interface& now) { now.fields.push_back({"state", enum_type({"open", "paid"}), "", {}}); },
       {field_added},
       kNone,
       kNone},
      {"a list's structs have one more field",
       type_to("lines", list_type(struct_type({{"sku", string_type()}, {"count", int_type()}, {"price", int_type()}}))),
       {field_added},
       kNone,
       kNone},
      {"a field inside a list's structs becomes optional",
       type_to("lines", list_type(struct_type({{"sku", string_type()}, {"count", optional_type(int_type())}}))),
       {became_optional},
       kBreaks,
       kNone},
      {"a field inside a struct becomes required",
       type_to("payer", struct_type({{"email", string_type()}, {"age", int_type()}})),
       {became_required},
       kNone,
       kNone},
      {"a field inside a struct becomes optional",
       type_to("payer", struct_type({{"email", optional_type(string_type())}, {"age", optional_type(int_type())}})),
       {became_optional},
       kBreaks,
       kNone},
      {"a field inside a struct is renamed",
       type_to("payer", struct_type({{"mail", string_type()}, {"age", optional_type(int_type())}})),
       {field_gone, field_added},
       kBreaks,
       kNone},
      {"a struct's fields stand alone",
       [](Interface& now) {
         remove_field(now, "payer");
         now.fields.push_back({"payer_email", string_type(), "", {}});
       },
       {field_gone, field_added},
       kBreaks,
       kNone},
      {"a field moves into a struct",
       [](Interface& now) {
         remove_field(now, "text");
         field(now, "payer").type =
             struct_type({{"email", string_type()}, {"age", optional_type(int_type())}, {"text", string_type()}});
       },
       {field_gone, field_added},
       kBreaks,
       kNone},
      {"two fields go",
       [](Interface& now) {
         remove_field(now, "amount");
         remove_field(now, "fee");
       },
       {field_gone, field_gone},
       kBreaks,
       kNone},
      {"a list's structs become values", type_to("lines", list_type(string_type())), {type_changed}, kBreaks, kNone},
      {"a value becomes a struct",
       type_to("amount", struct_type({{"value", decimal_type(12, 2)}, {"unit", string_type()}})),
       {type_changed},
       kBreaks,
       kNone},
      {"a value becomes a list", type_to("text", list_type(string_type())), {type_changed}, kBreaks, kNone},
      {"a list becomes optional",
       type_to("tags", optional_type(list_type(string_type()))),
       {became_optional},
       kBreaks,
       kNone},
      {"a list becomes a map", type_to("tags", map_type(string_type(), string_type())), {type_changed}, kBreaks, kNone},
      {"a map becomes a list", type_to("rates", list_type(decimal_type(8, 4))), {type_changed}, kBreaks, kNone},
      {"a map has values that may be null",
       type_to("rates", map_type(string_type(), optional_type(decimal_type(8, 4)))),
       {became_optional},
       kBreaks,
       kNone},
      {"a map has narrower values",
       type_to("rates", map_type(string_type(), decimal_type(6, 4))),
       {type_narrowed},
       kBreaks,
       kNone},
      // ---- more types
      {"an int becomes a float", type_to("id", float_type()), {type_changed}, kBreaks, kBreaks},
      {"an int becomes a bool", type_to("id", bool_type()), {type_changed}, kBreaks, kBreaks},
      {"an int becomes a uuid", type_to("id", uuid_type()), {type_changed}, kBreaks, kBreaks},
      {"an int becomes optional", type_to("id", optional_type(int_type())), {became_optional}, kBreaks, kBreaks},
      {"a timestamp becomes text", type_to("at", string_type()), {type_changed}, kBreaks, kNone},
      {"a timestamp becomes an int", type_to("at", int_type()), {type_changed}, kBreaks, kNone},
      {"a timestamp becomes a time of day", type_to("at", time_type()), {type_changed}, kBreaks, kNone},
      {"text becomes JSON", type_to("text", json_type()), {type_changed}, kBreaks, kNone},
      {"text becomes a date", type_to("text", date_type()), {type_changed}, kBreaks, kNone},
      {"text becomes a duration", type_to("text", duration_type()), {type_changed}, kBreaks, kNone},
      {"a decimal has no digits behind the point",
       type_to("amount", decimal_type(12, 0)),
       {type_changed},
       kBreaks,
       kNone},
      {"a decimal has fewer digits behind the point",
       type_to("amount", decimal_type(11, 1)),
       {type_narrowed},
       kBreaks,
       kNone},
      {"an optional decimal has more digits",
       type_to("fee", optional_type(decimal_type(10, 2))),
       {type_widened},
       kBreaks,
       kNone},
      {"an optional decimal has fewer digits",
       type_to("fee", optional_type(decimal_type(6, 2))),
       {type_narrowed},
       kBreaks,
       kNone},
      {"a field becomes optional and narrower",
       type_to("amount", optional_type(decimal_type(10, 2))),
       {became_optional, type_narrowed},
       kBreaks,
       kNone},
      {"optional text becomes an optional enum",
       type_to("note", optional_type(enum_type({"a", "b"}))),
       {type_narrowed},
       kBreaks,
       kNone},
      // ---- more symbols
      {"all symbols are others",
       type_to("currency", enum_type({"chf"})),
       {symbol_gone, symbol_gone, symbol_gone, symbol_added},
       kBreaks,
       kNone},
      {"a symbol comes in front",
       type_to("currency", enum_type({"chf", "eur", "usd", "gbp"})),
       {symbol_added},
       kBreaks,
       kNone},
      {"a symbol comes and the others change places",
       type_to("currency", enum_type({"gbp", "eur", "usd", "chf"})),
       {symbol_added, symbols_reordered},
       kBreaks,
       kNone},
      {"an enum becomes optional",
       type_to("currency", optional_type(enum_type({"eur", "usd", "gbp"}))),
       {became_optional},
       kBreaks,
       kNone},
      {"an enum becomes optional and has a new symbol",
       type_to("currency", optional_type(enum_type({"eur", "usd", "gbp", "chf"}))),
       {became_optional, symbol_added},
       kBreaks,
       kNone},
      {"an enum becomes an int", type_to("currency", int_type()), {type_changed}, kBreaks, kNone},
      // ---- more meaning
      {"the key lies in a struct",
       [](Interface& now) { now.key = {{"payer", "email"}}; },
       {key_changed},
       kBreaks,
       kNotice},
      {"events become changes by another key",
       [](Interface& now) {
         now.kind = InterfaceKind::changes;
         now.key = {{"text"}};
       },
       {kind_changed, key_changed},
       kBreaks,
       kBreaks},
      {"rows are in order", [](Interface& now) { now.time->within_us = 0; }, {disorder_lowered}, kNone, kNone},
      {"another event time, and rows come later",
       [](Interface& now) { now.time = InterfaceTime{.field = "settled", .within_us = kMinute}; },
       {time_changed, disorder_raised},
       kBreaks,
       kNotice},
      // ---- more promises
      {"less fresh and slower",
       [](Interface& now) {
         now.promises.fresh_us = kHour;
         now.promises.latencies[0].below_us = kMinute;
       },
       {promise_loosened, promise_loosened},
       kBreaks,
       kNotice},
      {"less fresh, but faster",
       [](Interface& now) {
         now.promises.fresh_us = kHour;
         now.promises.latencies[0].below_us = kSecond;
       },
       {promise_loosened, promise_tightened},
       kBreaks,
       kNotice},
      {"a latency of one more share",
       [](Interface& now) { now.promises.latencies.push_back({"p50", kSecond}); },
       {promise_tightened},
       kNone,
       kNone},
      {"no latency", [](Interface& now) { now.promises.latencies.clear(); }, {promise_loosened}, kBreaks, kNotice},
      {"complete in one more field",
       [](Interface& now) { now.promises.completes.push_back({.fields = {{"fee"}}, .percent = "50"}); },
       {promise_tightened},
       kNone,
       kNone},
      {"a volume of another period",
       [](Interface& now) { now.promises.volumes[0].period_us = kDay; },
       {promise_loosened, promise_tightened},
       kBreaks,
       kNotice},
      {"a volume of one more period",
       [](Interface& now) { now.promises.volumes.push_back({.least = 1, .most = 5'000, .period_us = kDay}); },
       {promise_tightened},
       kNone,
       kNone},
      {"unique in another field",
       [](Interface& now) { now.uniques[0].fields = {{"text"}}; },
       {promise_loosened, promise_tightened},
       kBreaks,
       kNotice},
      {"unique in two fields together",
       [](Interface& now) { now.uniques[0].fields = {{"id"}, {"text"}}; },
       {promise_loosened, promise_tightened},
       kBreaks,
       kNotice},
      {"unique in one more field",
       [](Interface& now) { now.uniques.push_back({.fields = {{"text"}}, .within_us = kDay}); },
       {promise_tightened},
       kNone,
       kNone},
      {"less state", [](Interface& now) { now.promises.state_bytes = 1 << 20; }, {promise_tightened}, kNone, kNone},
      {"no bound of its state",
       [](Interface& now) { now.promises.state_bytes.reset(); },
       {promise_loosened},
       kNone,
       kNone},
      // ---- more checks
      {"a check says less and only alerts",
       [](Interface& now) { now.checks[0] = {"positive", "amount > -1", "alert"}; },
       {check_changed, check_loosened},
       kBreaks,
       kNotice},
      {"a check has another name",
       [](Interface& now) { now.checks[0].name = "above_zero"; },
       {check_gone, check_added},
       kBreaks,
       kNotice},
      // ---- more access
      {"reads are for a purpose",
       [](Interface& now) { now.allows[0].purposes = {"care"}; },
       {access_lost, access_lost, access_gained, access_gained},
       kNone,
       kNone},
      {"a role may read, too",
       [](Interface& now) { now.allows[0].readers.push_back("role crm"); },
       {access_gained},
       kNone,
       kNone},
      {"nobody is named", [](Interface& now) { now.allows.clear(); }, {access_gained}, kNone, kNone},
      // ---- more labels, addresses, texts
      {"a label comes on what both read",
       [](Interface& now) { field(now, "id").labels = {"pii"}; },
       {label_added},
       kNotice,
       kNotice},
      {"another label",
       [](Interface& now) { field(now, "payer").labels = {"gdpr"}; },
       {label_added, label_gone},
       kNotice,
       kNone},
      {"it is nowhere", [](Interface& now) { now.addresses.clear(); }, {address_gone}, kBreaks, kBreaks},
      {"a file instead of the topic",
       [](Interface& now) { now.addresses[0].connector = "file"; },
       {address_gone, address_added},
       kBreaks,
       kBreaks},
      {"the topic of another environment",
       [](Interface& now) { now.addresses[0].environment = "live"; },
       {address_gone, address_added},
       kBreaks,
       kBreaks},
      {"its end is near, and nothing follows",
       [](Interface& now) { now.deprecated = typed::Deprecation{"2026-12-31", {}}; },
       {deprecated},
       kNotice,
       kNotice},
      {"it becomes a draft", [](Interface& now) { now.draft = true; }, {became_draft}, kBreaks, kBreaks},
      {"it says how rows follow from those before",
       [](Interface& now) { now.migration = typed::Migration{.from = 0, .steps = "where id > 0"}; },
       {text_changed},
       kNone,
       kNone},
      {"another owner and another text",
       [](Interface& now) {
         now.owner = "ledger@acme.example";
         now.documentation = "All payments.";
       },
       {text_changed, text_changed},
       kNone,
       kNone},
  };
}

Weight heaviest(const Verdict& verdict, const std::string& reader) {
  Weight weight = Weight::none;
  for (const Effect& effect : verdict.effects)
    if (effect.reader == reader) weight = std::max(weight, effect.weight);
  return weight;
}

TEST(Gate, JudgesEachChangeByWhatAReaderUses) {
  size_t judged = 0;
  for (const Row& row : rows()) {
    SCOPED_TRACE(row.name);
    Interface after = payment();
    row.change(after);
    const Result<Verdict> verdict = judge(payment(), after, {user(), bystander()}, {});
    ASSERT_TRUE(verdict.ok());
    std::vector<ChangeKind> kinds;
    for (const Change& change : verdict->changes) {
      kinds.push_back(change.kind);
      EXPECT_FALSE(to_text(change).empty());
    }
    EXPECT_EQ(kinds, row.kinds);
    EXPECT_EQ(heaviest(*verdict, user().name), row.of_user);
    EXPECT_EQ(heaviest(*verdict, bystander().name), row.of_bystander);
    EXPECT_EQ(verdict->breaks(), row.of_user == kBreaks || row.of_bystander == kBreaks);
    EXPECT_EQ(verdict->ways_out.empty(), !verdict->breaks());
    judged += 2;
  }
  EXPECT_GE(judged, 2 * 120u);
}

TEST(Gate, TellsOfFunctionsThatMasksCall) {
  const auto masked = [](const char* shown) {
    Interface made = payment();
    made.access.masks = {{.field = {"text"}, .with = "hidden", .except = {}}};
    made.access.functions = {{.domain = "finance",
                              .name = "hidden",
                              .kind = "function",
                              .text = fmt::format("function hidden(s: string) -> string = \"{}\"", shown)}};
    return made;
  };
  const std::vector<Change> changes = changes_between(masked("*"), masked("***"));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].kind, ChangeKind::body_changed);
  EXPECT_EQ(changes[0].where, "finance.hidden");
  EXPECT_TRUE(changes_between(masked("*"), masked("*")).empty());
}

// A change and its way back: what was loosened is tightened, what came goes.
TEST(Gate, FindsTheWayBackOfEachChange) {
  for (const Row& row : rows()) {
    SCOPED_TRACE(row.name);
    Interface after = payment();
    row.change(after);
    EXPECT_EQ(changes_between(payment(), after).empty(), changes_between(after, payment()).empty());
  }
}

TEST(Gate, ANewSymbolBreaksNobodyWhoHasAnElse) {
  KnownReader reader = user();
  reader.exhaustive.clear();
  Interface after = payment();
  field(after, "currency").type = enum_type({"eur", "usd", "gbp", "chf"});
  const Result<Verdict> verdict = judge(payment(), after, {reader}, {});
  ASSERT_TRUE(verdict.ok());
  EXPECT_FALSE(verdict->breaks());
  ASSERT_EQ(verdict->effects.size(), 1u);
  EXPECT_EQ(verdict->effects[0].weight, Weight::notice);
}

TEST(Gate, APromiseThatStillCoversTheExpectationBreaksNobody) {
  KnownReader reader = user();
  reader.expects = {.promises = {.fresh_us = kHour}, .uniques = {}, .checks = {}};
  Interface after = payment();
  after.promises.fresh_us = 10 * kMinute;
  const Result<Verdict> verdict = judge(payment(), after, {reader}, {});
  ASSERT_TRUE(verdict.ok());
  EXPECT_FALSE(verdict->breaks());
}

TEST(Gate, NamesReaderOwnerAndWaysOut) {
  Interface after = payment();
  remove_field(after, "amount");
  const Result<Verdict> verdict = judge(payment(), after, {bystander(), user()}, {});
  ASSERT_TRUE(verdict.ok());
  ASSERT_EQ(verdict->effects.size(), 1u);
  EXPECT_EQ(verdict->effects[0].reader, "board.kpi version 1");
  EXPECT_EQ(verdict->effects[0].owner, "board@acme.example");
  EXPECT_EQ(verdict->effects[0].why, "it reads `amount`");
  EXPECT_EQ(to_text(verdict->changes[0]), "the field `amount` is gone; it was `decimal(12,2)`");
  ASSERT_EQ(verdict->ways_out.size(), 3u);
  EXPECT_EQ(verdict->ways_out[1], "publish `payment version 2` beside version 1");
}

TEST(Gate, AReaderWithAGrantNeedsNoAllow) {
  Interface after = payment();
  after.allows[0].readers = {"domain finance"};
  KnownReader granted = user();
  granted.granted = true;
  const Result<Verdict> verdict = judge(payment(), after, {granted, bystander()}, {});
  ASSERT_TRUE(verdict.ok());
  for (const Effect& effect : verdict->effects) EXPECT_EQ(effect.reader, "audit.ids version 1") << effect.why;
  EXPECT_TRUE(verdict->breaks());
  // It is a reader like another: what it uses may not go.
  after = payment();
  remove_field(after, "amount");
  EXPECT_TRUE(judge(payment(), after, {granted}, {})->breaks());
}

TEST(Gate, ARemovalBreaksEachReader) {
  const Verdict verdict = judge_removal(payment(), {user(), bystander()});
  EXPECT_TRUE(verdict.breaks());
  EXPECT_EQ(verdict.effects.size(), 2u);
  EXPECT_FALSE(judge_removal(payment(), {}).breaks());
}

TEST(Gate, JudgesTheEndOfAProductAgain) {
  Interface before = payment();
  before.deprecated = typed::Deprecation{"2026-12-31", 2};
  Interface later = before, kept = before;
  later.deprecated->until = "2027-12-31";
  kept.deprecated.reset();
  const Result<Verdict> moved = judge(before, later, {user()}, {}), gone = judge(before, kept, {user()}, {});
  ASSERT_TRUE(moved.ok() && gone.ok());
  ASSERT_EQ(moved->changes.size(), 1u);
  EXPECT_EQ(moved->changes[0].kind, deprecation_changed);
  EXPECT_EQ(heaviest(*moved, user().name), Weight::notice);
  ASSERT_EQ(gone->changes.size(), 1u);
  EXPECT_EQ(gone->changes[0].kind, deprecation_gone);
  EXPECT_EQ(heaviest(*gone, user().name), Weight::none);
}

TEST(Gate, ADraftHasPromisedNothing) {
  size_t noticed = 0;
  for (const Row& row : rows()) {
    SCOPED_TRACE(row.name);
    Interface before = payment(), after = payment();
    before.draft = after.draft = true;
    before.compatible = after.compatible = schema::Compatibility::full;
    row.change(after);
    const Result<Verdict> verdict = judge(before, after, {user(), bystander()}, wires_of(before.addresses));
    ASSERT_TRUE(verdict.ok());
    EXPECT_FALSE(verdict->breaks());
    EXPECT_TRUE(verdict->ways_out.empty());
    if (row.of_user != kNone && after.draft) noticed += heaviest(*verdict, user().name) == kNotice;
  }
  EXPECT_GE(noticed, 60u);
  // What it looks like when it becomes active may still differ; from then on it holds.
  Interface before = payment(), after = payment();
  before.draft = true;
  remove_field(after, "amount");
  const Result<Verdict> activated = judge(before, after, {user()}, {});
  ASSERT_TRUE(activated.ok());
  EXPECT_FALSE(activated->breaks());
  EXPECT_EQ(activated->changes.back().kind, became_active);
  Interface active = after, later = after;
  remove_field(later, "note");
  EXPECT_TRUE(judge(active, later, {user()}, {})->breaks());
}

// Readers that nobody knows go by the level of the contract before the change, by the rules of the form that they read.
bool breaks_on(const WireRules& wire, schema::Compatibility level, const std::function<void(Interface&)>& change) {
  Interface before = payment();
  before.compatible = level;
  Interface after = before;
  change(after);
  const Result<Verdict> verdict = judge(before, after, {}, {wire});
  EXPECT_TRUE(verdict.ok()) << verdict.error().message;
  if (!verdict.ok()) return false;
  for (const Effect& effect : verdict->effects) {
    EXPECT_EQ(effect.reader, "");
    EXPECT_TRUE(effect.why.find(" in " + wire.name + ": ") != std::string::npos) << effect.why;
  }
  return verdict->breaks();
}

/// Whether a change breaks `backward` and `forward`; `full` is both.
void expect_breaks(const WireRules& wire, const char* what, const std::function<void(Interface&)>& change,
                   bool backward, bool forward) {
  using schema::Compatibility;
  SCOPED_TRACE(wire.name + ": " + what);
  EXPECT_FALSE(breaks_on(wire, Compatibility::none, change));
  EXPECT_EQ(breaks_on(wire, Compatibility::backward, change), backward);
  EXPECT_EQ(breaks_on(wire, Compatibility::forward, change), forward);
  EXPECT_EQ(breaks_on(wire, Compatibility::full, change), backward || forward);
}

void text_goes(Interface& now) {
  remove_field(now, "text");
}
void int_comes(Interface& now) {
  now.fields.push_back({"more", int_type(), "", {}});
}
void optional_int_comes(Interface& now) {
  now.fields.push_back({"more", optional_type(int_type()), "", {}});
}
void documentation_changes(Interface& now) {
  now.documentation = "All payments.";
}

TEST(Gate, JudgesUnknownReadersByTheRulesOfJson) {
  const WireRules wire = json_wire();
  expect_breaks(wire, "a field goes", text_goes, false, true);
  expect_breaks(wire, "a field comes", int_comes, true, false);
  expect_breaks(wire, "an optional field comes", optional_int_comes, false, false);
  expect_breaks(wire, "another text", documentation_changes, false, false);
  expect_breaks(wire, "a field becomes required", type_to("note", string_type()), true, false);
  expect_breaks(wire, "a field becomes optional", type_to("text", optional_type(string_type())), false, true);
  expect_breaks(wire, "an int becomes text", type_to("id", string_type()), true, true);
  expect_breaks(wire, "a symbol comes", type_to("currency", enum_type({"eur", "usd", "gbp", "chf"})), false, true);
}

TEST(Gate, JudgesUnknownReadersByTheRulesOfAvro) {
  const WireRules wire = avro_wire();
  expect_breaks(wire, "a field goes", text_goes, false, true);
  expect_breaks(wire, "a field comes", int_comes, true, false);
  expect_breaks(wire, "an optional field comes", optional_int_comes, false, false);
  expect_breaks(wire, "another text", documentation_changes, false, false);
  expect_breaks(wire, "a field becomes required", type_to("note", string_type()), true, false);
  expect_breaks(wire, "a field becomes optional", type_to("text", optional_type(string_type())), false, true);
  expect_breaks(wire, "an int becomes text", type_to("id", string_type()), true, true);
  expect_breaks(wire, "an int becomes a float", type_to("id", float_type()), false, true);
  expect_breaks(wire, "a symbol comes", type_to("currency", enum_type({"eur", "usd", "gbp", "chf"})), false, true);
  expect_breaks(wire, "a symbol goes", type_to("currency", enum_type({"eur", "usd"})), true, false);
}

// Fields have numbers there: what one side does not have is left out, and a name means nothing.
TEST(Gate, JudgesUnknownReadersByTheRulesOfProtobuf) {
  const WireRules wire = protobuf_wire();
  expect_breaks(wire, "a field goes", text_goes, false, false);
  expect_breaks(wire, "a field comes", int_comes, false, false);
  expect_breaks(wire, "an optional field comes", optional_int_comes, false, false);
  expect_breaks(wire, "another text", documentation_changes, false, false);
  expect_breaks(wire, "an int becomes text", type_to("id", string_type()), true, true);
  expect_breaks(wire, "a list of something else", type_to("tags", list_type(int_type())), true, true);
}

TEST(Gate, TakesTheFormsOfThePlaces) {
  const auto names = [](const std::vector<InterfaceAddress>& addresses) {
    std::vector<std::string> made;
    for (const WireRules& wire : wires_of(addresses)) made.push_back(wire.name);
    return made;
  };
  EXPECT_EQ(names({}), std::vector<std::string>{"json"});
  EXPECT_EQ(names({{"prod", "topic", "a", "avro"}, {"test", "topic", "b", "avro"}, {"dev", "file", "c", "csv"}}),
            (std::vector<std::string>{"avro", "json"}));
  EXPECT_EQ(names({{"prod", "topic", "a", "protobuf"}}), std::vector<std::string>{"protobuf"});
}

TEST(Gate, SaysWhatAFormCannotHave) {
  Interface before = payment(), after = payment();
  before.compatible = schema::Compatibility::full;
  after.fields.push_back({"with blank", int_type(), "", {}});
  EXPECT_FALSE(judge(before, after, {}, {avro_wire()}).ok());
  EXPECT_TRUE(judge(before, after, {}, {json_wire()}).ok());
}

}  // namespace
}  // namespace braid::mesh
