// Two products with views in memory, for tests: a table by name, and a stream with a field of each type.
#pragma once

#include "runtime/base/check.h"
#include "runtime/data/row_change.h"
#include "runtime/data/value.h"
#include "runtime/state/memory_store.h"
#include "runtime/view/view_writer.h"
#include "serve/odata/service.h"

namespace braid::serve::odata {

class ServedRows {
 public:
  static constexpr int64_t kRows = 30;

  ServedRows() {
    const Type place = struct_type({{"city", string_type()}, {"floor", int_type()}});
    shelf_.domain = "shop";
    shelf_.name = "shelf";
    shelf_.row = {{"name", string_type()}, {"place", optional_type(place)}, {"size", optional_type(int_type())}};
    shelf_.key = {{0}};
    shelf_.changes = true;
    sale_.domain = "shop_eu";
    sale_.name = "sale";
    sale_.row = {{"id", int_type()},
                 {"at", timestamp_type()},
                 {"amount", decimal_type(12, 2)},
                 {"rate", float_type()},
                 {"kind", enum_type({"web", "store"})},
                 {"tags", list_type(string_type())},
                 {"day", date_type()},
                 {"note", optional_type(string_type())},
                 {"code", uuid_type()},
                 {"blob", bytes_type()},
                 {"took", duration_type()},
                 {"clock", time_type()},
                 {"extra", map_type(string_type(), int_type())},
                 {"doc", json_type()},
                 {"open", bool_type()}};
    shelves_.emplace(ViewLayout(shelf_, {.product = 0, .indexes = {{2}, {1, 0}}, .keep_us = 1'000'000}, 0),
                     ViewFigures{});
    sales_.emplace(ViewLayout(sale_, {.product = 1, .indexes = {{0}, {2}}, .time = {1}}, 1), ViewFigures{});
    for (int64_t number = 0; number < kRows; ++number) put(number);
    for (int64_t number = 0; number < kRows; ++number) sell(number);
    commit(1);
    host_.open(store_,
               {{std::make_shared<const ViewLayout>(shelves_->layout()), INT64_MIN},
                {std::make_shared<const ViewLayout>(sales_->layout()), INT64_MIN}},
               {.epoch = 1, .watermark = 1'000'000});
    std::vector<ApiProduct> products = products_of();
    service_.emplace(std::move(products), host_, clock_, [](const ApiProduct&) { return "ok"; });
  }
  ~ServedRows() { host_.close(); }

  std::vector<ApiProduct> products_of() const {
    std::vector<ApiProduct> products;
    products.push_back({.domain = "shop",
                        .name = "shelf",
                        .version = 2,
                        .doc = "Where \"things\" are, <here> & there.",
                        .row = shelf_.row,
                        .field_docs = {"The key.", "", ""},
                        .key = {"name"},
                        .indexes = {"size", "place.city"},
                        .keep_us = 1'000'000,
                        .keyed = true});
    products.push_back({.domain = "shop_eu", .name = "sale", .row = sale_.row, .indexes = {"id", "amount"}});
    return products;
  }

  static std::string name(int64_t number) { return fmt::format("n/{:02}", number); }

  void put(int64_t number) {
    const bool has_place = number % 3 != 0, has_size = number % 5 != 0;
    Value row{std::vector<Value>{
        {name(number)},
        has_place ? Value{std::vector<Value>{{std::string(number % 2 == 0 ? "Bern" : "Zug")}, {number}}} : Value{},
        has_size ? Value{number % 7} : Value{}}};
    write(*shelves_, shelf_.row, row, 10 + number, true);
  }

  void sell(int64_t number) {
    Value row{
        std::vector<Value>{{number},
                           {number * 3'600'000'000},
                           {static_cast<int128>(number * 125)},
                           {static_cast<double>(number) / 4},
                           {number % 2},
                           {std::vector<Value>{{std::string("t") + std::to_string(number % 4)}, {std::string("x")}}},
                           {number},
                           number % 3 == 0 ? Value{} : Value{std::string("it's n") + std::to_string(number)},
                           {static_cast<int128>(number)},
                           {std::string("\xFF\x00\x7F", 3)},
                           {number * 1'500'000},
                           {number * 1'000'000},
                           {std::vector<Value>{{std::vector<Value>{{std::string("k")}, {number}}}}},
                           {std::string("{\"n\":") + std::to_string(number) + "}"},
                           {number > 10}}};
    write(*sales_, sale_.row, row, number * 3'600'000'000, false);
  }

  void commit(uint64_t epoch) {
    StateBatch batch;
    BRAID_CHECK(shelves_->put(shelves_->take(), epoch, 0, store_, batch).ok());
    BRAID_CHECK(sales_->put(sales_->take(), epoch, 0, store_, batch).ok());
    BRAID_CHECK(store_.commit(batch).ok());
  }

  /// Waited for.
  HttpResponse get(const std::string& path, const std::string& query = "",
                   std::vector<std::pair<std::string, std::string>> headers = {}) {
    headers.emplace_back("host", "braid.example:8733");
    std::optional<HttpResponse> made = service_->answer({.path = path, .query = query, .headers = std::move(headers)});
    while (made && made->later) {
      const auto later = made->later;
      std::optional<HttpResponse> next = later();
      if (next) made = std::move(next);
    }
    return made.value_or(HttpResponse{.status = 0});
  }

  ProductSpec shelf_, sale_;
  MemoryStore store_;
  ManualClock clock_;
  ViewHost host_{clock_};
  std::optional<ViewWriter> shelves_, sales_;
  std::optional<Service> service_;

 private:
  static void write(ViewWriter& writer, std::vector<Field> fields, const Value& value, int64_t time, bool changes) {
    Arena arena;
    const Type type = struct_type(fields);
    std::vector<Slot> slots(leaf_count(type) + 1);
    to_slots(type, value, slots.data(), arena);
    slots.back() = slot_i64(static_cast<int64_t>(RowChange::comes));
    if (changes) fields.push_back({std::string(kChange), int_type()});
    const std::vector<Leaf> leaves = flatten(fields);
    Block block = allocate_block(leaves, 1, arena);
    block.rows = 1;
    block.time[0] = time;
    for (size_t leaf = 0; leaf < leaves.size(); ++leaf) write_slot(block.columns[leaf], 0, slots[leaf]);
    writer.write(block);
  }
};

}  // namespace braid::serve::odata
