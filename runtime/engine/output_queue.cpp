#include "runtime/engine/output_queue.h"

#include <optional>
#include <utility>

namespace braid {

struct OutputQueue::Batch {
  std::optional<CopiedRows> rows;  ///< made when it is needed, as the encoder
  std::unique_ptr<Encoder> encoder;
  std::string_view bytes;             ///< the encoder's
  std::atomic<uint64_t> encoded = 0;  ///< 1 + ticket, once it is
  std::unique_ptr<Task> task;         ///< let go of first
};

OutputQueue::OutputQueue(std::vector<Field> row, MakeEncoder make_encoder, Append append, Executor& executor,
                         size_t workers)
    : row_(std::move(row)), make_encoder_(std::move(make_encoder)), append_(std::move(append)), executor_(executor) {
  for (size_t i = 0; i <= workers; ++i) batches_.push_back(std::make_unique<Batch>());
}

OutputQueue::~OutputQueue() = default;

void OutputQueue::add(const Block& block) {
  for (uint32_t row = 0; row < block.rows;) {
    CopiedRows& rows = *open().rows;
    row += rows.add(block, row);
    if (rows.full()) send();
  }
}

OutputQueue::Batch& OutputQueue::open() {
  Batch& batch = batch_of(sent_);
  if (std::exchange(is_open_, true)) return batch;
  if (!batch.rows) {
    batch.rows.emplace(row_);
    batch.encoder = make_encoder_();
  } else {
    wait_for(sent_ + 1 - batches_.size());
    batch.rows->clear();
  }
  return batch;
}

void OutputQueue::send() {
  const uint64_t ticket = sent_++;
  is_open_ = false;
  Batch& batch = batch_of(ticket);
  batch.task = executor_.start([this, &batch, ticket] { encode(batch, ticket); });
}

void OutputQueue::wait_for(uint64_t count) {
  for (uint64_t ticket = appended_.load(); ticket < count; ++ticket) batch_of(ticket).task->wait();
  // All are encoded. What has not been appended yet, another thread appends.
  for (uint64_t seen = appended_.load(); seen < count; seen = appended_.load()) appended_.wait(seen);
}

void OutputQueue::flush() {
  if (is_open_ && batch_of(sent_).rows->block().rows > 0) send();
}

void OutputQueue::drain() {
  flush();
  wait_for(sent_);
}

void OutputQueue::encode(Batch& batch, uint64_t ticket) {
  batch.bytes = batch.encoder->encode(batch.rows->block());
  batch.encoded.store(ticket + 1);
  append_encoded();
}

void OutputQueue::append_encoded() {
  if (asked_.fetch_add(1) > 0) return;
  uint64_t answered = 1;
  do {
    for (uint64_t next = appended_.load(); batch_of(next).encoded.load() == next + 1; ++next) {
      append_(batch_of(next).bytes);
      appended_.store(next + 1);
      appended_.notify_one();
    }
    // Others may have asked meanwhile.
    answered = asked_.fetch_sub(answered) - answered;
  } while (answered > 0);
}

}  // namespace braid
