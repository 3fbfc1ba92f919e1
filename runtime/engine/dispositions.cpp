#include "runtime/engine/dispositions.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/data/kept_fields.h"
#include "runtime/data/row_change.h"

namespace braid {
namespace {

bool reads(const std::vector<int>& products, int product) {
  for (int p : products)
    if (p == product) return true;
  return false;
}

const JoinShape* shape_of(const Operator& op) {
  if (const auto* reference = std::get_if<ReferenceJoinOperator>(&op.content)) return &reference->shape;
  if (const auto* as_of = std::get_if<AsOfJoinOperator>(&op.content)) return &as_of->shape;
  if (const auto* interval = std::get_if<IntervalJoinOperator>(&op.content)) return &interval->shape;
  return nullptr;
}

/// The column of that name, null if there is none: rows that stand beside the versions of a table are of no record.
const int64_t* moves_of(const std::vector<Field>& row, const Block& block) {
  for (size_t field = 0; field < row.size(); ++field)
    if (row[field].name == kMove) return block.columns[leaf_offset(row, field)].as<int64_t>();
  return nullptr;
}

}  // namespace

Status find_ways(const Program& program, std::vector<std::vector<int>>& bits) {
  const size_t relations = program.sources.size() + program.products.size() + 1;
  bits.assign(program.products.size(), std::vector<int>(relations, -1));
  for (size_t op = 0; op < program.operators.size(); ++op) {
    const Operator& begin = program.operators[op];
    uint32_t relation = 0;
    if (const auto* source = std::get_if<SourceOperator>(&begin.content)) {
      relation = static_cast<uint32_t>(source->source);
    } else if (const auto* port = std::get_if<PortOperator>(&begin.content)) {
      relation = static_cast<uint32_t>(program.sources.size()) + static_cast<uint32_t>(port->product);
    } else if (const auto* publish = std::get_if<PublishOperator>(&begin.content)) {
      relation = static_cast<uint32_t>(program.sources.size()) + static_cast<uint32_t>(publish->product);
    } else {
      continue;
    }
    int next_bit = 0;
    for (size_t product = 0; product < program.products.size(); ++product) {
      // Rows that fork on their way to this product can be settled at several places.
      std::vector<bool> reached(program.operators.size(), false);
      reached[op] = true;
      bool forks = false;
      std::vector<int> readers(program.operators.size(), 0);
      for (size_t next = op + 1; next < program.operators.size(); ++next) {
        const Operator& reader = program.operators[next];
        if (!reads(reader.products, static_cast<int>(product))) continue;
        for (int input : reader.inputs) {
          if (!reached[input]) continue;
          bool crosses_publish = input != static_cast<int>(op) &&
                                 std::holds_alternative<PublishOperator>(program.operators[input].content);
          if (crosses_publish) continue;
          forks |= ++readers[input] > 1;
          reached[next] = true;
        }
      }
      if (!forks) continue;
      if (next_bit == 64)
        return Error{ErrorKind::usage, "more than 64 products read `" + begin.text + "` by several ways each", 0, 0};
      bits[product][relation] = next_bit++;
    }
  }
  return {};
}

LedgerDispositions::LedgerDispositions(const Program& program, LedgerBook& book, OutputWriter& output,
                                       const std::vector<std::vector<std::string>>& partition_names, Arena& arena)
    : program_(program),
      book_(book),
      output_(output),
      partition_names_(partition_names),
      arena_(arena),
      places_(program),
      given_(program, arena, places_),
      first_ways_(program) {}

Status LedgerDispositions::prepare() {
  BRAID_TRY(places_.check(program_));
  for (const Operator& op : program_.operators) {
    auto& inputs = shown_.emplace_back();
    for (int input : op.inputs) inputs.push_back(shown_fields(program_.operators[input].row));
    shown_made_.push_back(shown_fields(op.row));
    if (const JoinShape* shape = shape_of(op)) {
      inputs[0].resize(std::min<size_t>(inputs[0].size(), shape->left_fields));
      inputs[1].resize(std::min<size_t>(inputs[1].size(), shape->right_fields));
    }
  }
  find_further_ways();
  if (program_.whole == nullptr) return find_ways(program_, bits_);
  // Stages give the bits to each other, so all have those of the whole.
  BRAID_TRY(find_ways(*program_.whole, bits_));
  for (std::vector<int>& of_product : bits_)
    of_product.insert(of_product.begin() + static_cast<std::ptrdiff_t>(program_.whole->sources.size()),
                      program_.sources.size() - program_.whole->sources.size(), -1);
  return {};
}

void LedgerDispositions::find_further_ways() {
  further_ways_.resize(program_.operators.size());
  for (size_t op = 0; op < program_.operators.size(); ++op)
    further_ways_[op].resize(program_.operators[op].inputs.size());
  for (size_t product = 0; product < program_.products.size(); ++product) {
    std::vector<bool> read(program_.operators.size(), false);
    for (size_t op = 0; op < program_.operators.size(); ++op) {
      if (!reads(program_.operators[op].products, static_cast<int>(product))) continue;
      for (size_t input = 0; input < program_.operators[op].inputs.size(); ++input) {
        const auto from = static_cast<size_t>(program_.operators[op].inputs[input]);
        if (is_derived(static_cast<int>(op), static_cast<int>(input)) && read[from])
          further_ways_[op][input].push_back(static_cast<int>(product));
        read[from] = true;
      }
    }
  }
}

void LedgerDispositions::read(int op, int input, uint64_t rows) {
  for (const int product : further_ways_[static_cast<size_t>(op)][static_cast<size_t>(input)])
    book_.derived(product).in += static_cast<int64_t>(rows);
}

const std::vector<Block>& LedgerDispositions::on_their_way(int op, int input, const std::vector<Block>& blocks,
                                                           std::vector<Block>& room) const {
  if (blocks.empty() || !parts(op, input) || is_derived(op, input)) return blocks;
  std::vector<uint64_t> marks(program_.sources.size() + program_.products.size() + 1);
  for (const FirstWays::Other& other : first_ways_.others(op, input))
    if (const int bit = bits_[other.product][other.relation]; bit >= 0) marks[other.relation] |= uint64_t{1} << bit;
  for (Block block : blocks) {
    auto* records = arena_.allocate_array<Record>(block.rows);
    auto* record = arena_.allocate_array<uint32_t>(block.rows);
    for (uint32_t row = 0; row < block.rows; ++row) {
      records[row] = block.record_of(row);
      records[row].settled |= marks[records[row].source];
      record[row] = row;
    }
    block.records = records;
    block.record = record;
    room.push_back(std::move(block));
  }
  return room;
}

bool LedgerDispositions::is_derived(int op, int input) const {
  if (input == kMadeHere) return true;
  const Operator& upstream = program_.operators[program_.operators[op].inputs[input]];
  return upstream.derived && !std::holds_alternative<PublishOperator>(upstream.content);
}

void LedgerDispositions::settle(int op, int input, const Record& record, int64_t Ledger::* kind) {
  bool derived = is_derived(op, input);
  for (int product : program_.operators[op].products) {
    if (derived) {
      ++(book_.derived(product).*kind);
      continue;
    }
    int bit = bits_[product][record.source];
    if (bit >= 0) {
      uint64_t mask = uint64_t{1} << bit;
      if ((record.settled & mask) != 0) continue;
      record.settled |= mask;
    }
    ++(book_.of(product, record.source).*kind);
  }
}

template <class RowOf>
void LedgerDispositions::settle_all(int op, int input, const Block& block, size_t count, RowOf row_of,
                                    int64_t Ledger::* kind) {
  const bool derived = is_derived(op, input);
  for (size_t begin = 0, end = 0; begin < count; begin = end) {
    const uint32_t source = block.record_of(row_of(begin)).source;
    for (end = begin + 1; end < count && block.record_of(row_of(end)).source == source;) ++end;
    const auto rows = static_cast<int64_t>(end - begin);
    for (int product : program_.operators[op].products) {
      if (derived) {
        book_.derived(product).*kind += rows;
        continue;
      }
      Ledger& ledger = book_.of(product, source);
      const int bit = bits_[product][source];
      if (bit < 0) {
        ledger.*kind += rows;
        continue;
      }
      const uint64_t mask = uint64_t{1} << bit;
      for (size_t i = begin; i < end; ++i) {
        const Record& record = block.record_of(row_of(i));
        ledger.*kind += (record.settled & mask) == 0;
        record.settled |= mask;
      }
    }
  }
}

void LedgerDispositions::use(int op, int input, const Record& record) {
  settle(op, input, record, &Ledger::used);
}

void LedgerDispositions::use_rows(int op, int input, const Block& block, std::span<const uint32_t> rows) {
  settle_all(op, input, block, rows.size(), [&](size_t i) { return rows[i]; }, &Ledger::used);
}

uint64_t LedgerDispositions::hold(int op, int input, const Record& record) {
  uint64_t before = record.settled;
  settle(op, input, record, &Ledger::held);
  return before;
}

void LedgerDispositions::release(int op, int input, const Record& record) {
  bool derived = is_derived(op, input);
  for (int product : program_.operators[op].products) {
    if (derived) {
      --book_.derived(product).held;
      continue;
    }
    int bit = bits_[product][record.source];
    if (bit >= 0 && (record.settled & uint64_t{1} << bit) != 0) continue;
    --book_.of(product, record.source).held;
  }
}

void LedgerDispositions::replace(int op, int input, uint64_t settled_before, uint32_t source) {
  bool derived = is_derived(op, input);
  for (int product : program_.operators[op].products) {
    int bit = derived ? -1 : bits_[product][source];
    if (bit >= 0 && (settled_before & uint64_t{1} << bit) != 0) continue;
    Ledger& ledger = derived ? book_.derived(product) : book_.of(product, source);
    --ledger.used;
    ++ledger.duplicate;
  }
}

void LedgerDispositions::make(int op, uint64_t rows) {
  for (int product : program_.operators[op].products) book_.derived(product).in += static_cast<int64_t>(rows);
}

void LedgerDispositions::make_filtered(int op, uint64_t rows) {
  make(op, rows);
  for (int product : program_.operators[op].products) book_.derived(product).filtered += static_cast<int64_t>(rows);
}

void LedgerDispositions::partly_late(int op, int input, const Record& record) {
  bool derived = is_derived(op, input);
  for (int product : program_.operators[op].products)
    ++(derived ? book_.derived(product) : book_.of(product, record.source)).partly_late;
}

void LedgerDispositions::early(int op, int input, const Record& record) {
  bool derived = is_derived(op, input);
  for (int product : program_.operators[op].products)
    ++(derived ? book_.derived(product) : book_.of(product, record.source)).early;
}

bool LedgerDispositions::leave_counted(int op, int input, const Block& block, std::span<const Drop> drops) {
  if (program_.sites[drops[0].site].kind != Site::Kind::filtered) return false;
  settle_all(op, input, block, drops.size(), [&](size_t i) { return drops[i].row; }, &Ledger::filtered);
  return true;
}

void LedgerDispositions::leave(int op, int input, const Block& block, uint32_t row, uint32_t site_index,
                               const RowReason& reason) {
  const Operator& self = program_.operators[op];
  const std::vector<Field>& row_type = input == kMadeHere ? shown_made_[op] : shown_[op][input];
  const Site& site = program_.sites[site_index];
  const Record& record = block.record_of(row);
  std::string port;
  switch (site.kind) {
    case Site::Kind::filtered:
      return settle(op, input, record, &Ledger::filtered);
    case Site::Kind::repeated:
      return settle(op, input, record, &Ledger::duplicate);
    case Site::Kind::port:
      settle(op, input, record, &Ledger::filtered);
      give_bare(self.products, site.port, row_type, block, row);
      return write_bare(self.products, site.port, row_type, block, row);
    case Site::Kind::unmatched:
      settle(op, input, record, &Ledger::unmatched);
      if (!site.port.empty()) {
        give_bare(self.products, site.port, row_type, block, row);
        return write_bare(self.products, site.port, row_type, block, row);
      }
      port = "unmatched";
      break;
    case Site::Kind::rejected:
      if (site.stops) return stop(self.products, site, reason_of(site, reason, record), record, row_type, block, row);
      settle(op, input, record, &Ledger::rejected);
      port = "rejected";
      break;
    case Site::Kind::late:
      settle(op, input, record, &Ledger::late);
      port = "late";
      break;
    case Site::Kind::duplicate:
      settle(op, input, record, &Ledger::duplicate);
      port = "rejected";
      break;
  }
  if (silent_ || is_retracted(op, input, block, row)) return;
  // Between row-by-row steps the row has no fixed form: which steps run in one loop must not show. The bytes tell all.
  const bool formless =
      site.kind == Site::Kind::rejected && site.check.empty() && std::holds_alternative<RowsOperator>(self.content);
  write_error(self.products, port, site, reason_of(site, reason, record), record, formless ? nullptr : &row_type,
              formless ? nullptr : &block, row, are_changes(op, input));
}

bool LedgerDispositions::is_retracted(int op, int input, const Block& block, uint32_t row) const {
  return are_changes(op, input) && block.columns.back().as<uint8_t>()[row] != 0;
}

bool LedgerDispositions::are_changes(int op, int input) const {
  const std::vector<Field>& fields =
      program_.operators[input == kMadeHere ? op : program_.operators[op].inputs[input]].row;
  return !fields.empty() && fields.back().name == kRetracted;
}

void LedgerDispositions::leave_source(int source_op, const Record& record, uint32_t site_index,
                                      const RowReason& reason) {
  const Site& site = program_.sites[site_index];
  bool filtered = site.kind == Site::Kind::filtered;
  for (int product : program_.operators[source_op].products) {
    Ledger& ledger = book_.of(product, record.source);
    ++(filtered ? ledger.filtered : ledger.rejected);
  }
  if (filtered || silent_) return;
  Reason why = reason_of(site, reason, record);
  if (!site.field.empty()) why.expression = nullptr;  // no expression reads it: the site is its declaration
  write_error(program_.operators[source_op].products, "rejected", site, why, record, nullptr, nullptr, 0);
}

void LedgerDispositions::reject_record(int source_op, const Record& record, uint32_t site, const Diagnostic& reason) {
  for (int product : program_.operators[source_op].products) ++book_.of(product, record.source).rejected;
  if (silent_) return;
  Reason why{reason.message, reason.code, {}};
  for (const auto& [name, value] : reason.arguments) {
    if (const auto* text = std::get_if<std::string>(&value)) {
      why.arguments.emplace_back(name, *text);
    } else if (const auto* number = std::get_if<int64_t>(&value)) {
      why.arguments.emplace_back(name, std::to_string(*number));
    }
  }
  write_error(program_.operators[source_op].products, "rejected", program_.sites[site], why, record, nullptr, nullptr,
              0);
}

void LedgerDispositions::publish(int op, const Block& block) {
  int product = std::get<PublishOperator>(program_.operators[op].content).product;
  settle_all(op, 0, block, block.rows, [](size_t i) { return static_cast<uint32_t>(i); }, &Ledger::used);
  ProductLedger& ledger = book_.product(product);
  ledger.rows += block.rows;
  if (!program_.products[product].promises.empty() && block.time != nullptr && block.rows > 0)
    ledger.newest = std::max(ledger.newest, *std::max_element(block.time, block.time + block.rows));
  if (!published_.empty() && published_[product] != nullptr && !silent_) published_[product]->add(block);
  output_.write(product, "", program_.products[product].row, block);
}

void LedgerDispositions::send(int op, const Block& block) {
  Block sent = block;
  auto* records = arena_.allocate_array<Record>(block.rows);
  sent.record = arena_.allocate_array<uint32_t>(block.rows);
  const int64_t* moves = moves_of(program_.operators[op].row, block);
  for (uint32_t row = 0; row < block.rows; ++row) {
    const bool counts = moves == nullptr || moves[row] == static_cast<int64_t>(Move::version);
    const uint64_t before = counts ? hold(op, 0, block.record_of(row)) : block.record_of(row).settled;
    records[row] = block.record_of(row);
    records[row].settled = before;
    sent.record[row] = row;
  }
  sent.records = records;
  output_.send(std::get<SendOperator>(program_.operators[op].content).exchange, sent);
}

void LedgerDispositions::receive(int op, const Block& block) {
  for (size_t reader = static_cast<size_t>(op) + 1; reader < program_.operators.size(); ++reader) {
    const std::vector<int>& inputs = program_.operators[reader].inputs;
    const auto input = std::find(inputs.begin(), inputs.end(), op);
    if (input == inputs.end()) continue;
    const int64_t* moves = moves_of(program_.operators[op].row, block);
    for (uint32_t row = 0; row < block.rows; ++row)
      if (moves == nullptr || moves[row] == static_cast<int64_t>(Move::version))
        release(static_cast<int>(reader), static_cast<int>(input - inputs.begin()), block.record_of(row));
    return;
  }
}

}  // namespace braid
