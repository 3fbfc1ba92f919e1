// Programs made by hand, for tests of the engine: sources of rows { k: string, v: int, at: timestamp } as NDJSON with
// times in µs, and kernels that are small C++ classes. Owned by the test.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/data/row_change.h"

namespace braid::test {

/// Drops rows with a field that did not convert; passes the rest through.
class ConvertKernel : public Kernel {
 public:
  explicit ConvertKernel(std::vector<int> status_columns, uint32_t site)
      : status_(std::move(status_columns)), site_(site) {}
  void run(KernelFrame& frame) const override {
    constexpr uint32_t kMissingField = 6001;
    for (uint32_t row = 0; row < frame.rows; ++row) {
      bool fault = false;
      for (int column : status_) fault |= static_cast<const uint8_t*>(frame.in[column])[row] != 0;
      if (fault) {
        frame.drops[frame.drop_count++] = {row, site_, kMissingField, {nullptr, 0}};
      } else {
        frame.kept[frame.kept_count++] = row;
      }
    }
  }

 private:
  std::vector<int> status_;
  uint32_t site_;
};

/// Keeps rows whose int column passes.
class KeepKernel : public Kernel {
 public:
  KeepKernel(int column, std::function<bool(int64_t)> keeps, uint32_t site)
      : column_(column), keeps_(std::move(keeps)), site_(site) {}
  void run(KernelFrame& frame) const override {
    for (uint32_t row = 0; row < frame.rows; ++row) {
      if (keeps_(static_cast<const int64_t*>(frame.in[column_])[row])) {
        frame.kept[frame.kept_count++] = row;
      } else {
        frame.drops[frame.drop_count++] = {row, site_, 0, {nullptr, 0}};
      }
    }
  }

 private:
  int column_;
  std::function<bool(int64_t)> keeps_;
  uint32_t site_;
};

/// Computes one int and one bool column, both zero, and keeps all rows.
class ZeroKernel : public Kernel {
 public:
  ZeroKernel(int number, int flag) : number_(number), flag_(flag) {}
  void run(KernelFrame& frame) const override {
    for (uint32_t row = 0; row < frame.rows; ++row) {
      static_cast<int64_t*>(frame.out[number_])[row] = 0;
      static_cast<uint8_t*>(frame.out[flag_])[row] = 0;
      frame.kept[frame.kept_count++] = row;
    }
  }

 private:
  int number_, flag_;
};

inline std::vector<Field> plain_row() {
  return {{"k", string_type()}, {"v", int_type()}, {"at", timestamp_type()}};
}

struct ProgramBuilder {
  Program program;

  uint32_t site(Site::Kind kind, const std::string& port = "") {
    Site site;
    site.kind = kind;
    site.port = port;
    site.step = "a step";
    site.place = "test.braid:1:1";
    site.field = "v";
    site.expected = "int";
    program.sites.push_back(site);
    return static_cast<uint32_t>(program.sites.size()) - 1;
  }
  KernelSlot kernel(std::shared_ptr<const Kernel> kernel) {
    program.kernels.push_back(kernel);
    return KernelSlot(kernel.get());
  }
  /// Gives the operator. `within`: of its time; below 0, a static table, or with `is_table` false a stream without
  /// event time.
  int source(const std::string& name, int64_t within, int64_t ahead = 1'000'000, bool is_table = false) {
    SourceSpec spec;
    spec.name = "test." + name;
    spec.is_table = is_table;
    spec.has_time = within >= 0;
    spec.row = plain_row();
    for (const Field& field : spec.row) spec.decode.push_back({field.name, {field.name}, field.type, false});
    uint32_t rejected = site(Site::Kind::rejected);
    spec.from_kernel = kernel(std::make_shared<ConvertKernel>(std::vector<int>{0, 2, 4}, rejected));
    spec.passthrough = {1, 3, 5};
    spec.sites = {rejected};
    spec.time_field = within >= 0 ? 2 : -1;
    spec.within_us = within;
    spec.ahead_us = ahead;
    spec.binding = {"file", "in/" + name + "*.ndjson", "json", {{"unit", "us"}}};
    program.sources.push_back(spec);
    Operator op;
    op.content = SourceOperator{static_cast<int>(program.sources.size()) - 1};
    op.row = plain_row();
    op.text = "from " + name;
    return add(std::move(op));
  }
  int add(Operator op) {
    int index = static_cast<int>(program.operators.size());
    op.state.label = op.text;
    op.state.identity = 1000 + static_cast<uint64_t>(index);
    op.state.schema = 1;
    op.products = {0};
    program.operators.push_back(std::move(op));
    return index;
  }
  const std::vector<Field>& row(int op) const { return program.operators[op].row; }

  int keep(int input, std::function<bool(int64_t)> keeps, Site::Kind kind = Site::Kind::filtered,
           const std::string& port = "") {
    Operator op;
    RowsOperator rows;
    rows.kernel = kernel(std::make_shared<KeepKernel>(1, std::move(keeps), site(kind, port)));
    for (size_t i = 0; i < flatten(row(input)).size(); ++i) rows.passthrough.push_back(static_cast<int>(i));
    op.content = rows;
    op.inputs = {input};
    op.row = row(input);
    op.derived = program.operators[input].derived;
    op.text = "where";
    return add(std::move(op));
  }
  JoinShape shape(int left, int right, bool keeps_left) {
    JoinShape shape;
    shape.left = keeps_left;
    shape.left_fields = static_cast<int>(row(left).size());
    shape.right_fields = static_cast<int>(row(right).size());
    shape.left_keys = {0};
    shape.right_keys = {0};
    shape.unmatched_site = site(Site::Kind::unmatched);
    shape.late_site = site(Site::Kind::late);
    return shape;
  }
  std::vector<Field> joined_row(int left, int right, bool keeps_left) const {
    std::vector<Field> fields = row(left);
    Type right_type = struct_type(row(right));
    fields.push_back({"r", keeps_left ? optional_type(right_type) : right_type});
    return fields;
  }
  int reference_join(int left, int right, bool keeps_left) {
    Operator op;
    op.content = ReferenceJoinOperator{shape(left, right, keeps_left)};
    op.inputs = {left, right};
    op.row = joined_row(left, right, keeps_left);
    op.text = "join reference";
    return add(std::move(op));
  }
  int as_of_join(int left, int right, bool keeps_left, std::optional<int64_t> max_age = {},
                 std::optional<int64_t> wait = {}) {
    Operator op;
    op.content = AsOfJoinOperator{shape(left, right, keeps_left), max_age, wait};
    op.inputs = {left, right};
    op.row = joined_row(left, right, keeps_left);
    op.text = "join as of";
    return add(std::move(op));
  }
  /// With a table by v, which is not its key.
  int join_by_value(int left, int right, bool keeps_left) {
    Operator marked;
    RowsOperator rows;
    rows.kernel = kernel(std::make_shared<ZeroKernel>(4, 5));
    rows.passthrough = {0, 1, 2, 1, -1, -1};
    marked.content = rows;
    marked.inputs = {right};
    marked.row = row(right);
    marked.row.push_back({"?by0", int_type()});
    marked.row.push_back({std::string(kMove), int_type()});
    marked.row.push_back({"?deleted", bool_type()});
    marked.text = "marks";
    const int versions = add(std::move(marked));
    Operator moves;
    moves.content = MovesOperator{.keys = {0}, .columns = {3}};
    moves.inputs = {versions};
    moves.row = row(versions);
    moves.text = "moves";
    const int moved = add(std::move(moves));
    JoinShape by = shape(left, right, keeps_left);
    by.left_keys = {1};
    by.right_keys = {3};
    by.table_key = {0};
    by.right_delete = 5;
    Operator op;
    op.content = AsOfJoinOperator{by, {}, {}};
    op.inputs = {left, moved};
    op.row = joined_row(left, right, keeps_left);
    op.derived = true;
    op.text = "join by value";
    return add(std::move(op));
  }
  int interval_join(int left, int right, bool keeps_left, bool nearest, int64_t lower, int64_t upper) {
    Operator op;
    op.content = IntervalJoinOperator{shape(left, right, keeps_left), nearest, lower, upper, 0};
    op.inputs = {left, right};
    op.row = joined_row(left, right, keeps_left);
    op.derived = !nearest;
    op.text = "join within";
    return add(std::move(op));
  }
  /// By k: n, the sum of v, the first v, the last v, distinct v.
  int group(int input, int64_t size, int64_t slide, int64_t late = 0) {
    Operator op;
    GroupOperator group;
    group.window.hopping = size != slide;
    group.window.size_us = size;
    group.window.slide_us = slide;
    group.window.late_us = late;
    group.keys = {0};
    using Kind = AggregateSpec::Kind;
    group.aggregates = {{Kind::count, -1, -1, -1, int_type()},
                        {Kind::sum, 1, -1, -1, int_type()},
                        {Kind::first, 1, -1, -1, int_type()},
                        {Kind::last, 1, -1, -1, int_type()},
                        {Kind::count_distinct, 1, -1, -1, int_type()}};
    group.late_site = site(Site::Kind::late);
    group.overflow_site = site(Site::Kind::rejected);
    op.content = group;
    op.inputs = {input};
    op.row = {{"k", row(input)[0].type},
              {"n", int_type()},
              {"sum", int_type()},
              {"first", int_type()},
              {"last", int_type()},
              {"distinct", int_type()},
              {"window", struct_type({{"start", timestamp_type()}, {"end", timestamp_type()}})}};
    op.derived = true;
    op.text = "window group";
    return add(std::move(op));
  }
  int retime(int input, int field, int64_t within) {
    Operator op;
    op.content = RetimeOperator{field, within, site(Site::Kind::late)};
    op.inputs = {input};
    op.row = row(input);
    op.derived = program.operators[input].derived;
    op.text = "time";
    return add(std::move(op));
  }
  int unique(int input, int64_t within) {
    Operator op;
    op.content = UniqueOperator{{0}, within, site(Site::Kind::duplicate), site(Site::Kind::late)};
    op.inputs = {input};
    op.row = row(input);
    op.derived = program.operators[input].derived;
    op.text = "unique";
    return add(std::move(op));
  }
  int publish(int input, const std::string& name = "result") {
    ProductSpec product;
    product.domain = "test";
    product.name = name;
    product.row = row(input);
    for (size_t i = 0; i < program.sources.size(); ++i) product.sources.push_back(static_cast<int>(i));
    program.products.push_back(product);
    Operator op;
    op.content = PublishOperator{static_cast<int>(program.products.size()) - 1};
    op.inputs = {input};
    op.row = row(input);
    op.derived = program.operators[input].derived;
    op.text = "product " + name;
    int index = add(std::move(op));
    program.operators[index].products = {static_cast<int>(program.products.size()) - 1};
    return index;
  }
};

/// One record.
inline std::string record(const std::string& k, int64_t v, int64_t at) {
  return "{\"k\":\"" + k + "\",\"v\":" + std::to_string(v) + ",\"at\":" + std::to_string(at) + "}\n";
}

/// Each operator belongs to the products that read it.
inline void find_products(Program& program) {
  std::vector<std::vector<int>> reads(program.operators.size());
  for (size_t op = program.operators.size(); op-- > 0;) {
    if (auto* publish = std::get_if<PublishOperator>(&program.operators[op].content)) reads[op] = {publish->product};
    std::sort(reads[op].begin(), reads[op].end());
    reads[op].erase(std::unique(reads[op].begin(), reads[op].end()), reads[op].end());
    program.operators[op].products = reads[op];
    for (int input : program.operators[op].inputs)
      reads[input].insert(reads[input].end(), reads[op].begin(), reads[op].end());
  }
}

/// A pipeline with every stateful step, fed turns at random.
inline Program everything(ProgramBuilder& b) {
  int s = b.source("s", 30), t = b.source("t", 20, 1'000'000, true), u = b.source("u", -1, 0, true);
  int with_table = b.as_of_join(s, t, true, 60);
  int with_reference = b.reference_join(s, u, true);
  int near = b.interval_join(s, s, true, true, -40, 10);
  int pairs = b.interval_join(s, t, true, false, -15, 15);
  int once = b.unique(s, 25);
  int windows = b.group(b.retime(s, 2, 60), 40, 20, 5);
  int plain = b.group(with_table, 30, 30);
  int product = 0;
  for (int op : {with_table, with_reference, near, pairs, once, windows, plain}) {
    int published = b.publish(op, "p" + std::to_string(product));
    b.program.operators[published].products = {product};
    ++product;
  }
  find_products(b.program);
  return b.program;
}

}  // namespace braid::test
