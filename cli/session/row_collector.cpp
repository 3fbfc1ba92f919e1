#include "cli/session/row_collector.h"

#include "runtime/codec/change_encoder.h"
#include "runtime/data/row_change.h"

namespace braid::cli {
namespace {

void keep(RowCollector::Collected& into, const std::vector<Field>& row, const Block& block, int64_t limit) {
  std::vector<Slot> slots(block.columns.size());
  const size_t leaves = flatten(row).size();
  for (uint32_t r = 0; r < block.rows && static_cast<int64_t>(into.rows.size()) < limit; ++r) {
    for (size_t leaf = 0; leaf < slots.size(); ++leaf) slots[leaf] = read_slot(block.columns[leaf], r);
    ResultRow made{.fields = row};
    size_t at = 0;
    if (block.columns.size() > leaves) {
      static constexpr const char* kWords[] = {"new", "changed", "gone"};
      made.fields.insert(made.fields.begin(), {"change", string_type()});
      made.values.push_back({std::string(kWords[static_cast<size_t>(row_change(block, leaves, r))])});
    }
    for (const Field& field : row) {
      made.values.push_back(from_slots(field.type, slots.data() + at));
      at += leaf_count(field.type);
    }
    into.rows.push_back(std::move(made));
  }
  into.count += block.rows;
}

}  // namespace

RowCollector::RowCollector(const Program& program, Limits limits, std::string format,
                           std::function<void(const std::string&)> print)
    : limits_(limits), print_(std::move(print)), products_(program.products.size()) {
  if (!print_) return;
  for (const ProductSpec& product : program.products) {
    const Format written = format == "csv" ? Format::csv : Format::ndjson;
    encoders_.push_back(product.changes ? make_change_encoder(written, product.row, product.change_form,
                                                              {product.domain, product.name, product.version})
                                        : make_encoder(written, product.row));
  }
}

void RowCollector::write(int product, const std::string& port, const std::vector<Field>& row, const Block& block) {
  if (!port.empty()) return keep(ports_[{product, port}], row, block, limits_.port_rows);
  Collected& into = products_[product];
  if (!print_) return keep(into, row, block, limits_.rows);
  std::string text;
  if (into.count == 0) encoders_[product]->append_header(text);
  for (uint32_t r = 0; r < block.rows; ++r, ++into.count)
    if (into.count < limits_.rows) encoders_[product]->append_row(block, r, text);
  if (!text.empty()) print_(text);
}

bool RowCollector::satisfied() const {
  for (const Collected& product : products_)
    if (product.count < limits_.rows) return false;
  return true;
}

}  // namespace braid::cli
