// Two runs of the same epochs, without subjects and as they were: which rows are there that would not be, and which
// keys have another row than they would have. Rows of epochs that came out as before are forgotten at once. One thread.
//
// Memory: the newest row of each key, and the rows of epochs that came out otherwise.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/tasks/row_tap.h"

namespace braid {

class ComparedRows {
 public:
  /// Called behind each epoch; an error ends the run.
  explicit ComparedRows(std::function<Status()> serve);

  /// The task that comes next.
  void begin_task() { kept_.clear(); }
  /// First all its epochs without the subjects, then as they were.
  RowTap& without() { return without_; }
  RowTap& as_it_was() { return as_it_was_; }

  /// A topic with rows that are there and would not be.
  struct Topic {
    int product = 0;
    std::string port;
    int64_t rows = 0, newest_us = 0;
    bool by_key = false;
  };
  const std::map<std::string, Topic>& topics() const { return topics_; }
  /// The rows that keys have to get, by topic and key; none: the row of the key goes.
  struct Correction {
    std::string topic, key;
    std::optional<std::string> value;
    int64_t time_us = 0;
  };
  std::vector<Correction> corrections() const;

 private:
  struct Row {
    uint64_t hash = 0;
    int64_t time_us = 0;
    int product = 0;
    std::string port, topic, key;
    bool replaces = false;
  };
  static Row copy(const TappedRow& row);
  using Place = std::pair<std::string, std::string>;  ///< topic and key
  struct Last {
    std::optional<std::string> value;
    int64_t time_us = 0, clock = 0;
  };

  /// Several tasks may write rows of a key: the later epoch counts.
  struct Was {
    int64_t time_us = 0;
    uint64_t hash = 0;  ///< 0: no row
    int64_t clock = INT64_MIN;
    void be(const Row& row, int64_t at) {
      if (clock <= at) *this = {row.time_us, row.hash, at};
    }
  };

  class Without : public RowTap {
   public:
    explicit Without(ComparedRows& all) : all_(all) {}
    void row(const TappedRow& row) override;
    Status end_epoch(const EpochRecord& made, const EpochRecord& stored) override;

   private:
    ComparedRows& all_;
    std::vector<Row> rows_;
    std::map<Place, Last> lasts_;  ///< of the epoch
  };
  class AsItWas : public RowTap {
   public:
    explicit AsItWas(ComparedRows& all) : all_(all) {}
    void row(const TappedRow& row) override { rows_.push_back(copy(row)); }
    Status end_epoch(const EpochRecord& made, const EpochRecord& stored) override;

   private:
    ComparedRows& all_;
    std::vector<Row> rows_;
  };

  std::function<Status()> serve_;
  Without without_{*this};
  AsItWas as_it_was_{*this};
  std::map<Place, Last> lasts_;                ///< without the subjects
  std::map<uint64_t, std::vector<Row>> kept_;  ///< by epoch that came out otherwise
  std::map<std::string, Topic> topics_;
  std::map<Place, Was> changed_;  ///< the last row as it was, of keys that may have another one
};

}  // namespace braid
