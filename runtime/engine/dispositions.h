// Settles rows: counts them in the ledgers of the products whose flows they leave, each record once per product, and
// writes rows that were rejected, late, unmatched or duplicate to the products' ports with reason, place and bytes.
//
// A record that reaches a product by several ways (a self-join, a union of two views of one source) counts by what
// becomes of it on the first (first_ways.h): Record::settled holds a bit per such product, which is set where the
// record takes another way. A made row has no such bits: on each way it is a row of its own.
#pragma once

#include <map>
#include <memory>
#include <tuple>

#include "runtime/engine/first_ways.h"
#include "runtime/engine/given_ports.h"
#include "runtime/engine/ledger.h"
#include "runtime/engine/output_writer.h"
#include "runtime/operators/operator.h"
#include "runtime/operators/product_places.h"
#include "runtime/promise/promise_change.h"
#include "runtime/promise/published_rows.h"
#include "runtime/report/diagnostic.h"

namespace braid {

/// [product][relation], sources before products → −1, or the bit of a product that counts its records by several ways.
/// Fails if there are more than 64 such products of one source.
Status find_ways(const Program& program, std::vector<std::vector<int>>& bits);

class LedgerDispositions : public Dispositions {
 public:
  /// All outlive it. `partition_names[source][partition]`.
  LedgerDispositions(const Program& program, LedgerBook& book, OutputWriter& output,
                     const std::vector<std::vector<std::string>>& partition_names, Arena& arena);
  /// Rows of ports that flows read.
  GivenPorts& given_ports() { return given_; }
  /// Of rows that go to readers of products.
  const ProductPlaces& places() const { return places_; }
  /// Once a row has failed a check that stops the job: which, and where it is from. What came of the turn is invalid.
  const Status& stopped() const { return stopped_; }
  /// Fails if more than 64 products read one source by several ways, or rows come to one in too many.
  Status prepare();

  void leave(int op, int input, const Block& block, uint32_t row, uint32_t site, const RowReason& reason) override;
  bool leave_counted(int op, int input, const Block& block, std::span<const Drop> drops) override;
  void use(int op, int input, const Record& record) override;
  void use_rows(int op, int input, const Block& block, std::span<const uint32_t> rows) override;
  uint64_t hold(int op, int input, const Record& record) override;
  void release(int op, int input, const Record& record) override;
  void replace(int op, int input, uint64_t settled_before, uint32_t source) override;
  void make(int op, uint64_t rows) override;
  void make_filtered(int op, uint64_t rows) override;
  void partly_late(int op, int input, const Record& record) override;
  void early(int op, int input, const Record& record) override;
  void alert(int op, const Block& block, uint32_t row, std::string_view check) override;
  void publish(int op, const Block& block) override;
  void send(int op, const Block& block) override;
  void receive(int op, const Block& block) override;
  /// An operator reads rows. Those that a step has made, and that another operator of the product reads before, are
  /// made once more.
  void read(int op, int input, uint64_t rows);
  /// Rows as that input takes them: records that are on another way there than the first, to some product, say so from
  /// here on, on this way alone. `room`: for blocks that are made.
  const std::vector<Block>& on_their_way(int op, int input, const std::vector<Block>& blocks,
                                         std::vector<Block>& room) const;
  /// Some records that it takes are on another way.
  bool parts(int op, int input) const { return !first_ways_.others(op, input).empty(); }

  /// Rows of `alerts`, in the turn of that number: of the product whose promise it is. Of a promise of a source, those
  /// of the products that read it; of an expectation, those of the products that read it in the domains that expect it.
  void tell(const PromiseChange& change, uint64_t turn);
  /// A record that gives no row: its structure is broken, or its time is out of the question.
  void reject_record(int source_op, const Record& record, uint32_t site, const Diagnostic& reason);
  /// A row that the `from` kernel did not let through.
  void leave_source(int source_op, const Record& record, uint32_t site, const RowReason& reason);
  /// Writes the ports' rows of a turn, its own or those that time released: by the record that caused them, so that
  /// neither blocks nor how steps are fused can show.
  void write_ports();
  /// CSV: what the cells of a partition's records are called, to say what is wrong with one.
  void set_header(uint32_t source, uint32_t partition, std::string_view header);
  /// Rows are counted, and nothing is written: a static table is read again.
  void set_silent(bool silent) { silent_ = silent; }
  /// From now on the rows of products and sources that promise something are counted, each one's by its PublishedRows.
  /// `newest`: by source, the newest event time that was read.
  void watch_promises(const std::vector<int64_t>& newest);
  /// Rows of a source as they are read, those that lie too far ahead of the clock not among them.
  void arrive(int source, const std::vector<Block>& blocks);
  /// By product; null: it promises nothing. Empty: nothing is counted.
  const std::vector<std::unique_ptr<PublishedRows>>& published() const { return published_; }
  /// The same by source.
  const std::vector<std::unique_ptr<PublishedRows>>& arrived() const { return arrived_; }
  bool silent() const { return silent_; }

 private:
  /// A reason as an error row states it.
  struct Reason {
    std::string text;
    int code = 0;
    ReasonArguments arguments;
    const FallibleExpression* expression = nullptr;  ///< that failed, if one did
  };
  /// Of the rows of a port, for all that are alike.
  struct RowShape {
    std::vector<Field> fields;
    std::vector<Leaf> leaves;
  };
  using RowFields = std::shared_ptr<const RowShape>;

  void find_further_ways();
  bool is_derived(int op, int input) const;
  void settle(int op, int input, const Record& record, int64_t Ledger::* kind);
  /// To flows that read the port: the row as it is.
  void give_bare(const std::vector<int>& products, const std::string& port, const std::vector<Field>& row_type,
                 const Block& block, uint32_t row);
  /// The same of a standing port: these texts, the origin of the record, `bytes` where there are any, and the row.
  void give_standing(const std::vector<int>& products, const std::string& port,
                     const std::vector<std::string_view>& texts, const Record& record, const std::string* bytes,
                     const Type& row_type, const Slot* row);
  /// A row of the product fails a check that stops the job; the first one counts.
  void stop(const std::vector<int>& products, const Site& site, const Reason& reason, const Record& record,
            const std::vector<Field>& row_type, const Block& block, uint32_t row);
  /// The row goes, on an edge of changes: it fails like the one that came, which has been written.
  bool is_retracted(int op, int input, const Block& block, uint32_t row) const;
  /// Rows there are changes of a table. Which of them there are depends on turns, so flows that read a port do not get
  /// them: only its file has them.
  bool are_changes(int op, int input) const;
  /// The same for `count` rows; `row_of` gives each.
  template <class RowOf>
  void settle_all(int op, int input, const Block& block, size_t count, RowOf row_of, int64_t Ledger::* kind);
  Reason reason_of(const Site& site, const RowReason& given, const Record& record) const;
  void write_error(const std::vector<int>& products, const std::string& port, const Site& site, const Reason& reason,
                   const Record& record, const std::vector<Field>* row_type, const Block* block, uint32_t row,
                   bool is_change = false);
  /// Of these products, those that hide records, or the others.
  std::vector<int> hiding(const std::vector<int>& products, bool hide) const;
  /// A product that hides records shows what happened in its own domain: the step stands in a script of that.
  bool shows(int product, Span step) const;
  std::vector<int> told_products(const PromiseChange& change) const;
  void write_alert(const std::vector<int>& products, const std::vector<Field>& row_type, const Record& record,
                   const Block& block, uint32_t row, std::string_view check);
  /// The record without what tells of its content.
  static Record hidden(const Record& record);
  void append_origin(const Record& record, std::vector<Field>& fields, std::vector<Slot>& slots);
  /// All products show all of it.
  void write_error_row(const std::vector<int>& products, const std::string& port, const Site& site,
                       const Reason& reason, const Record& record, const std::vector<Field>* row_type,
                       const Block* block, uint32_t row, bool is_change);
  void append_expression(const FallibleExpression* expression, std::vector<Field>& fields, std::vector<Slot>& slots);
  void append_row(const std::vector<Field>& row_type, const Block& block, uint32_t row, std::vector<Field>& fields,
                  std::vector<Slot>& slots);
  /// The shape that the last row of the port had, if it is the same.
  const RowFields& row_shape(const std::string& port, std::vector<Field> fields);
  /// Rows that tell of records have no time: they are of the moment when they are written.
  void write_slots(int product, const std::string& port, const Record& cause, const RowFields& fields,
                   const std::vector<Slot>& slots, int64_t time = kNoTime);
  void write_bare(const std::vector<int>& products, const std::string& port, const std::vector<Field>& row_type,
                  const Block& block, uint32_t row);
  Slot text_slot(std::string_view text) {
    Bytes copied = arena_.copy(text);
    return slot_bytes(copied.view());
  }

  std::map<std::pair<uint32_t, uint32_t>, std::string> headers_;  ///< CSV: by source and partition
  const Program& program_;
  LedgerBook& book_;
  OutputWriter& output_;
  const std::vector<std::vector<std::string>>& partition_names_;
  Arena& arena_;
  bool silent_ = false;
  std::vector<std::unique_ptr<PublishedRows>> published_, arrived_;
  Status stopped_;
  const ProductPlaces places_;
  GivenPorts given_;
  struct PortRow {
    int product;
    std::string port;
    uint64_t turn;  ///< of the cause
    uint32_t ordinal;
    RowFields fields;
    Block block;
  };
  std::vector<PortRow> port_rows_;
  std::map<std::string, RowFields> shapes_;  ///< of the last row of a port
  /// [operator][input]: the fields that a row leaving there shows. A join's key columns that follow them are the
  /// planner's, not the script's.
  std::vector<std::vector<std::vector<Field>>> shown_;
  std::vector<std::vector<Field>> shown_made_;  ///< of rows that an operator makes
  std::vector<std::vector<int>> bits_;          ///< [product][relation] → bit of Record::settled, −1: a single way
  const FirstWays first_ways_;
  /// [operator][input] → products in which another operator reads these made rows, too, and comes before.
  std::vector<std::vector<std::vector<int>>> further_ways_;
};

}  // namespace braid
