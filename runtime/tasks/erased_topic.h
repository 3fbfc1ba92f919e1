// What a topic of a job has of erased subjects, and how long its brokers keep it. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/tasks/topic_job.h"

namespace braid {

/// What a topic has that tells of a subject, and what was done to it.
struct ErasedTopic {
  std::string topic;
  int64_t rows = 0;       ///< that are there, and would not be without the subjects
  int64_t corrected = 0;  ///< keys that got the row that they would have
  int64_t deleted = 0;    ///< keys that got a record without a value
  bool by_key = false;    ///< its rows replace each other: it is compacted, or has the changes of a table
  int64_t newest_us = 0;  ///< timestamp of the newest of `rows`
  /// The job was started over: `rows` are all records of before, whoever they are of.
  bool of_before = false;
  int64_t unsure = 0;  ///< keys with a row of before of which nobody can say whose it is
  // As the brokers say; without them nobody does.
  bool compacted = false;
  std::optional<int64_t> retention_us;         ///< TopicBinding::kForever: it ends never
  std::optional<int64_t> delete_retention_us;  ///< of records without a value
  std::string unknown;                         ///< why the brokers do not say it
};

/// Asks the brokers for the settings of the topic; what they do not say is in `unknown`.
void ask_settings(ErasedTopic& topic, const TopicJobOptions& options, const JobSeams& seams);

}  // namespace braid
