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
    if (!goes) return;
    constexpr std::string_view kEnd = "}\n";
    BRAID_CHECK(out.ends_with(kEnd), "a row that is no object");
    out.resize(out.size() - kEnd.size());
    if (leaves_ > 0) out += ',';
    out += '"';
    out += kDeletedMark;
    out += "\":true}\n";
  }

 private:
  std::unique_ptr<Encoder> rows_;
  size_t leaves_;
  bool in_column_;
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
