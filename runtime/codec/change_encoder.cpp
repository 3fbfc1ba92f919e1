#include "runtime/codec/change_encoder.h"

#include "runtime/base/check.h"
#include "runtime/data/row_change.h"

namespace braid {
namespace {

class ChangeEncoder : public Encoder {
 public:
  ChangeEncoder(std::unique_ptr<Encoder> rows, size_t leaves, bool in_column)
      : rows_(std::move(rows)), leaves_(leaves), in_column_(in_column) {}

  void append_header(std::string& out) const override { rows_->append_header(out); }
  std::string_view block_marker() const override { return rows_->block_marker(); }
  void append_row(const Slot* slots, std::string& out) const override {
    const bool goes = static_cast<RowChange>(slots[leaves_].i64) == RowChange::goes;
    if (in_column_) {
      std::vector<Slot> marked(slots, slots + leaves_);
      marked.push_back(slot_u8(goes));
      return rows_->append_row(marked.data(), out);
    }
    rows_->append_row(slots, out);
    if (goes) mark(out);
  }
  std::string_view encode(const Block& block) override {
    if (in_column_) return Encoder::encode(block);
    Block rows;
    rows.rows = block.rows;
    rows.columns.assign(block.columns.begin(), block.columns.begin() + static_cast<std::ptrdiff_t>(leaves_));
    const std::string_view lines = rows_->encode(rows);
    const auto* kinds = block.columns[leaves_].as<int64_t>();
    const auto goes = [&](uint32_t row) { return static_cast<RowChange>(kinds[row]) == RowChange::goes; };
    uint32_t row = 0;
    while (row < block.rows && !goes(row)) ++row;
    if (row == block.rows) return lines;
    marked_.clear();
    size_t begin = 0;
    for (row = 0; row < block.rows; ++row) {
      const size_t end = lines.find('\n', begin) + 1;
      marked_ += lines.substr(begin, end - begin);
      if (goes(row)) mark(marked_);
      begin = end;
    }
    return marked_;
  }

 private:
  /// The object at the end of `out`.
  void mark(std::string& out) const {
    constexpr std::string_view kEnd = "}\n";
    BRAID_CHECK(out.ends_with(kEnd), "a row that is no object");
    out.resize(out.size() - kEnd.size());
    if (leaves_ > 0) out += ',';
    out += '"';
    out += kDeletedMark;
    out += "\":true}\n";
  }

  std::unique_ptr<Encoder> rows_;
  size_t leaves_;
  bool in_column_;
  std::string marked_;
};

/// Each change as a row that the encoder knows like any other.
class WholeChangeEncoder : public Encoder {
 public:
  WholeChangeEncoder(std::unique_ptr<Encoder> rows, ChangeRow row) : rows_(std::move(rows)), row_(std::move(row)) {}

  void append_header(std::string& out) const override { rows_->append_header(out); }
  std::string_view block_marker() const override { return rows_->block_marker(); }
  void append_row(const Slot* slots, std::string& out) const override {
    std::vector<Slot> made;
    row_.append(slots, made);
    rows_->append_row(made.data(), out);
  }

 private:
  std::unique_ptr<Encoder> rows_;
  ChangeRow row_;
};

}  // namespace

std::unique_ptr<Encoder> make_change_encoder(Format format, std::vector<Field> row, ChangeForm form,
                                             const ChangeOrigin& origin, CsvStyle style) {
  const std::string name = origin.domain + "." + origin.name;
  if (form != ChangeForm::upsert)
    return std::make_unique<WholeChangeEncoder>(make_encoder(format, change_row(row, form), std::move(style), name),
                                                ChangeRow(row, form, origin));
  const size_t leaves = flatten(row).size();
  const bool in_column = format != Format::ndjson;
  if (in_column) row.push_back({std::string(kDeletedMark), bool_type()});
  return std::make_unique<ChangeEncoder>(make_encoder(format, std::move(row), std::move(style), name), leaves,
                                         in_column);
}

}  // namespace braid
