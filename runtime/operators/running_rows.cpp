#include "runtime/operators/running_rows.h"

namespace braid {

void RunningRows::pop(BlobPool& pool) {
  pool.release_later(rows_.front().row);
  pool.charge(-static_cast<int64_t>(sizeof(Kept)));
  rows_.pop_front();
  if (rows_of_part_.empty()) {
    --news_;
    return;
  }
  ++gone_;
  if (--rows_of_part_.front() > 0) return;
  rows_of_part_.pop_front();
  ++first_part_;
  gone_ = 0;
}

void RunningRows::clear(BlobPool& pool) {
  while (!rows_.empty()) pop(pool);
}

void RunningRows::store(WireWriter& out, const PutPart& put) {
  for (; stored_from_ < first_part_; ++stored_from_) put(stored_from_, std::nullopt);
  if (news_ > 0) {
    WireWriter part;
    part.fixed(end_part_);
    part.fixed(news_);
    for (size_t at = rows_.size() - news_; at < rows_.size(); ++at) {
      part.fixed(rows_[at].time);
      part.text(rows_[at].row.view());
    }
    put(end_part_++, part.bytes());
    rows_of_part_.push_back(news_);
    news_ = 0;
  }
  out.fixed(first_part_);
  out.fixed(end_part_);
  out.fixed(gone_);
}

bool RunningRows::load(WireReader& in) {
  first_part_ = stored_from_ = in.fixed<uint32_t>();
  end_part_ = in.fixed<uint32_t>();
  gone_ = in.fixed<uint32_t>();
  return !in.failed() && first_part_ <= end_part_;
}

bool RunningRows::load_part(std::string_view bytes) {
  WireReader in(bytes);
  const auto number = in.fixed<uint32_t>();
  return !in.failed() && number >= first_part_ && number < end_part_ &&
         parts_.try_emplace(number, bytes.substr(sizeof(number))).second;
}

bool RunningRows::finish_load(const std::function<bool(std::string_view)>& fits, BlobPool& pool) {
  for (const auto& [number, bytes] : parts_) {
    WireReader in(bytes);
    const auto count = in.fixed<uint32_t>();
    const uint32_t gone = number == first_part_ ? gone_ : 0;
    if (in.failed() || gone >= count) return false;
    for (uint32_t row = 0; row < count; ++row) {
      const auto time = in.fixed<int64_t>();
      const std::string_view kept = in.text();
      if (in.failed() || !fits(kept)) return false;
      if (row < gone) continue;
      pool.charge(sizeof(Kept));
      rows_.push_back({time, pool.copy(kept)});
    }
    rows_of_part_.push_back(count - gone);
  }
  parts_.clear();
  return true;
}

}  // namespace braid
