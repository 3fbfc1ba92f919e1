// Ports that flows read. Which text a reason has, what the bytes were and how the row looks as JSON is not the
// oracle's.
#include "tests/reference/run.h"

namespace braid::reference {

void Run::give(const std::vector<int>& products, const std::string& port, const Row& row) {
  for (const int product : products) given_[{product, port}].push_back(row);
}

void Run::give_standing(const std::vector<int>& products, const std::string& port,
                        const std::vector<std::string>& texts, const Row& row, bool has_bytes) {
  for (const int product : products) give_standing(product, port, texts, row, has_bytes);
}

void Run::give_standing(int product, const std::string& port, const std::vector<std::string>& texts, const Row& row,
                        bool has_bytes) {
  Row made = row;
  made.slots.clear();
  made.time = made.watermark = kBeforeAll;  // some are of records without one
  for (const std::string& text : texts) made.slots.push_back(slot_bytes(arena_.copy(text).view()));
  const bool known = row.cause.has_origin;
  std::string partition;
  const std::string source = known ? relation_names_[row.cause.relation] : std::string();
  if (const auto found = input_.sources.find(source); found != input_.sources.end())
    partition = found->second[row.cause.partition].name;
  made.slots.push_back(slot_bytes(arena_.copy(source).view()));
  made.slots.push_back(slot_bytes(arena_.copy(partition).view()));
  made.slots.push_back(slot_i64(known && !(hides(product) && row.cause.line > 0) ? row.cause.position : 0));
  made.slots.push_back(slot_i64(known ? row.cause.line : 0));
  if (has_bytes) made.slots.push_back(slot_i128(0));
  made.slots.push_back(slot_u8(false));
  made.slots.push_back(slot_i128(0));
  give({product}, port, made);
}

/// They begin a ledger, as published rows do.
Run::Rows Run::port(int index, const plan::PortNode& node) {
  const auto relation =
      static_cast<uint32_t>(relation_names_.size() - plan_.products.size()) + static_cast<uint32_t>(node.product);
  Rows out;
  for (Row row : given_[{node.product, node.port}]) {
    place_behind(node.product, row);
    row.cause = {.relation = relation,
                 .partition = row.cause.partition,
                 .position = row.cause.position,
                 .line = row.cause.line,
                 .record = (uint64_t{1} << 40) + ports_read_++};
    out.push_back(std::move(row));
  }
  for (const int reader : plan_.nodes[index].products)
    outcome_.enter(reader, relation, static_cast<int64_t>(out.size()));
  return out;
}

}  // namespace braid::reference
