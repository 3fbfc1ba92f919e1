// The topics of a job: one per product, and one per port; a product with `{field}` in the name of its topic has one for
// each value. A row is a record: its value as the product's format encodes
// it, its key from the product's `key`, its timestamp the row's event time. Rows with a key go to the partition that
// the Java client chooses for it, others to the one with the task's number. Of a table that changes, a row that goes is
// a record without a value.
//
// Rows of standing ports that are too long for a record of the broker are shortened (shortened_row.h). Other rows are
// not: the job ends with the broker's error.
//
// While epochs are run again, rows are digested like before and thrown away.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/clock.h"
#include "runtime/codec/encoder.h"
#include "runtime/connect/topic_binding.h"
#include "runtime/connect/trace_book.h"
#include "runtime/data/stream_digest.h"
#include "runtime/engine/epoch.h"
#include "runtime/engine/job_monitor.h"
#include "runtime/engine/output_writer.h"
#include "runtime/tasks/exchange_outputs.h"
#include "runtime/tasks/row_tap.h"
#include "runtime/tasks/transaction.h"

namespace braid {

/// The topics that a job writes, made when there is something to write. A topic that exists is left as it is.
class OutputTopics {
 public:
  /// Where bindings ask for nothing, topics get that many partitions and replicas. `longest_record`: in bytes, of key,
  /// value and headers together.
  OutputTopics(Broker& broker, const Program& program, const std::map<int, TopicBinding>& bindings, int32_t partitions,
               int32_t replicas, size_t longest_record)
      : broker_(broker),
        program_(program),
        bindings_(bindings),
        partitions_(partitions),
        replicas_(replicas),
        longest_record_(longest_record) {}

  const TopicBinding& binding(int product) const { return bindings_.at(product); }
  std::string name(int product, const std::string& port) const;
  /// How many partitions a topic of the product, or of its port, has, once it is there. Fails with 7130 where the
  /// product would have more than kMostTopics, with 7131 where the name cannot be one.
  BrokerResult<int32_t> partitions(int product, const std::string& port, const std::string& topic);
  /// Of all that partitions() was asked for.
  std::vector<std::string> known() const;
  size_t longest_record() const { return longest_record_; }

 private:
  std::string called(int product) const;
  /// One more topic of a product that has one for each value of a field.
  BrokerStatus admit(int product, const std::string& topic);

  Broker& broker_;
  const Program& program_;
  const std::map<int, TopicBinding>& bindings_;
  int32_t partitions_, replicas_;
  size_t longest_record_;
  std::map<std::string, int32_t> known_;
  std::map<int, size_t> parts_;  ///< topics of products with fields in their names, where they have been counted
};

class TopicOutputs : public OutputWriter {
 public:
  /// `task`: its number within its stage.
  TopicOutputs(const Program& program, OutputTopics& topics, int32_t task, Transaction& transaction, Clock& clock);
  ~TopicOutputs() override;

  void write(int product, const std::string& port, const std::vector<Field>& row, const Block& block) override;
  /// Rows that are made from one record carry its trace on. It outlives this.
  void carry_traces(const TraceBook& traces) { traces_ = &traces; }
  void send(int exchange, const Block& block) override { exchanges_.send(exchange, block, live_); }
  /// Gets all rows, too. It outlives this.
  void show_rows_to(RowTap* tap) { tap_ = tap; }
  /// From then on rows go to the broker.
  void go_live() { live_ = true; }
  /// What has been written since the last call, for the record of the epoch.
  void collect(std::vector<EpochOutput>& outputs);
  /// What went to the broker since the last call.
  void add_to_work(MemberWork& work);
  /// What other stages need goes into the transaction.
  void end_epoch(uint64_t epoch, const TurnEngine& engine, ExchangeTimes& times) {
    exchanges_.end_epoch(epoch, engine, times);
  }

 private:
  struct Output;
  struct Topic;
  Output& output(int product, const std::string& port, const std::vector<Field>& row);
  template <class Call>
  void for_each_topic(const Call& call);
  void make_key(const Output& target, const Block& block, uint32_t row);
  /// The headers of a row: those of the record that it was made from.
  std::span<const RecordHeader> headers_of(const Block& block, uint32_t row);
  /// Bytes that the row's value may have.
  size_t room_for_value(const Block& block, uint32_t row);
  /// Where the row goes.
  Topic& topic_of(Output& output, const Block& block, uint32_t row);
  void digest(const Output& output, Topic& topic, std::string_view value);
  /// The row of its key goes: a record without a value.
  void send_tombstone(Output& output, Topic& topic, const Block& block, uint32_t row);
  void send(Output& output, Topic& topic, std::optional<std::string_view> value, const Block& block, uint32_t row);

  const Program& program_;
  OutputTopics& topics_;
  int32_t task_;
  Transaction& transaction_;
  Clock& clock_;
  const TraceBook* traces_ = nullptr;
  ExchangeOutputs exchanges_;
  RowTap* tap_ = nullptr;
  bool live_ = false;
  std::map<std::pair<int, std::string>, std::unique_ptr<Output>> outputs_;
  std::string key_, value_;
  std::array<RecordHeader, 2> headers_;
};

}  // namespace braid
