#include "runtime/codec/encoder.h"

#include "runtime/base/check.h"
#include "runtime/codec/avro_encoder.h"
#include "runtime/codec/ndjson_encoder.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

class CsvEncoder : public Encoder {
 public:
  CsvEncoder(std::vector<Field> row, CsvStyle style)
      : row_(std::move(row)), style_(std::move(style)), null_marker_(style_.null_marker) {
    for (const char sign : {style_.separator, style_.quote, '\r', '\n'}) special_ += sign;
    for (const Field& field : row_) {
      add_columns(field.name, field.type);
      leaves_.push_back(leaf_count(field.type));
    }
  }

  void append_header(std::string& out) const override {
    if (!style_.header) return;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) out.push_back(style_.separator);
      append_text(columns_[i], out);
    }
    out.push_back('\n');
  }

  void append_row(const Slot* slots, std::string& out) const override {
    bool first = true;
    for (size_t i = 0; i < row_.size(); ++i) {
      append_cells(row_[i].type, slots, false, first, out);
      slots += leaves_[i];
    }
    out.push_back('\n');
  }

 private:
  void add_columns(const std::string& name, const Type& type) {
    const Type& plain = without_optional(type);
    if (!is(plain, TypeKind::structure)) {
      columns_.push_back(name);
      return;
    }
    for (const Field& field : plain->fields) add_columns(name + "." + field.name, field.type);
  }

  /// One cell, or those of a struct; `absent`: an optional struct around is null.
  void append_cells(const Type& type, const Slot* slots, bool absent, bool& first, std::string& out) const {
    if (is_optional(type)) {
      absent = absent || slots[0].u8 == 0;
      return append_cells(type->element, slots + 1, absent, first, out);
    }
    if (is(type, TypeKind::structure)) {
      for (const Field& field : type->fields) {
        append_cells(field.type, slots, absent, first, out);
        slots += leaf_count(field.type);
      }
      return;
    }
    if (!first) out.push_back(style_.separator);
    first = false;
    if (absent) {
      out += null_marker_;
    } else if (is(type, TypeKind::string) || is(type, TypeKind::json)) {
      append_text(slots[0].bytes.view(), out);
    } else if (null_marker_.empty() && !needs_care(type->kind) && !has_comma(type->kind)) {
      append_json(type, slots, out);  // a bare number or word
    } else {
      scratch_.clear();
      append_json(type, slots, scratch_);
      std::string_view text = scratch_;
      if (is(type, TypeKind::list) || is(type, TypeKind::map)) return append_text(text, out);
      if (is(type, TypeKind::enumeration)) return append_text(type->symbols[static_cast<size_t>(slots[0].i32)], out);
      if (text.starts_with('"')) text = text.substr(1, text.size() - 2);
      if (has_comma(type->kind))
        for (char& c : scratch_)
          if (c == '.') c = ',';
      append_text(text, out);
    }
  }

  bool has_comma(TypeKind kind) const {
    return style_.decimal_comma && (kind == TypeKind::decimal || kind == TypeKind::floating);
  }

  /// JSON puts it in quotes, or it may hold anything.
  static bool needs_care(TypeKind kind) {
    return kind != TypeKind::integer && kind != TypeKind::decimal && kind != TypeKind::boolean;
  }

  void append_text(std::string_view text, std::string& out) const {
    if (!text.empty() && text != null_marker_ && text.find_first_of(special_) == std::string_view::npos) {
      out += text;
      return;
    }
    out.push_back(style_.quote);
    for (char c : text) {
      if (c == style_.quote) out.push_back(style_.quote);
      out.push_back(c);
    }
    out.push_back(style_.quote);
  }

  std::vector<Field> row_;
  std::vector<size_t> leaves_;  ///< of each field
  CsvStyle style_;
  std::string_view null_marker_;
  std::string special_;  ///< text with one of these is put in quotes
  std::vector<std::string> columns_;
  mutable std::string scratch_;  // of one thread, as the encoder
};

}  // namespace

void Encoder::append_row(const Block& block, uint32_t row, std::string& out) {
  slots_.resize(block.columns.size());
  for (size_t i = 0; i < slots_.size(); ++i) slots_[i] = read_slot(block.columns[i], row);
  append_row(slots_.data(), out);
}

std::string_view Encoder::encode(const Block& block) {
  encoded_.clear();
  for (uint32_t row = 0; row < block.rows; ++row) append_row(block, row, encoded_);
  return encoded_;
}

std::unique_ptr<Encoder> make_encoder(Format format, std::vector<Field> row, CsvStyle style, const std::string& name) {
  switch (format) {
    case Format::ndjson:
      return make_ndjson_encoder(std::move(row));
    case Format::csv:
      return std::make_unique<CsvEncoder>(std::move(row), std::move(style));
    case Format::avro:
      return make_avro_encoder(std::move(row), name);
    // Of topics, whose records have no file around them.
    case Format::protobuf:
    case Format::raw:
      break;
  }
  BRAID_UNREACHABLE("format");
}

}  // namespace braid
