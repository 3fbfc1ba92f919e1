#include "runtime/erasure/erasure_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "runtime/base/sha256.h"
#include "runtime/data/slot.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

constexpr std::string_view kFirstLine = "braid erasures 1";

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string file_of(const std::string& store) {
  return join_path(store, "erasures");
}

/// In one line, without the sign that parts it.
std::string plain(std::string text) {
  for (char& c : text)
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  return text;
}

}  // namespace

Result<ErasureLog> ErasureLog::read(Fs& fs, const std::string& store) {
  ErasureLog log;
  BRAID_ASSIGN(const FileInfo info, fs.stat(file_of(store)));
  if (!info.exists) return log;
  BRAID_ASSIGN(const std::string text, fs.read_file(file_of(store)));
  return parse(text, file_of(store));
}

Result<ErasureLog> ErasureLog::parse(std::string_view text, const std::string& of) {
  ErasureLog log;
  const Error damaged{ErrorKind::store, fmt::format("`{}` is damaged", of), 8002, 0};
  const std::vector<std::string_view> lines = split(text, '\n');
  if (lines.size() < 3 || lines[0] != kFirstLine || !lines[1].starts_with("salt ")) return damaged;
  log.salt = lines[1].substr(5);
  for (size_t i = 2; i + 1 < lines.size(); ++i) {
    const std::vector<std::string_view> parts = split(lines[i], '\t');
    if (parts.size() < 6 || parts.size() > 7 || (parts[0] != "done" && parts[0] != "open")) return damaged;
    ErasedSubject subject;
    subject.done = parts[0] == "done";
    const auto time = std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), subject.time_us);
    if (time.ec != std::errc()) return damaged;
    subject.source = parts[2];
    if (!parts[3].empty())
      for (const std::string_view field : split(parts[3], ',')) subject.fields.emplace_back(field);
    subject.hash = parts[4];
    subject.because = parts[5];
    if (parts.size() == 7) subject.store = parts[6];
    log.subjects.push_back(std::move(subject));
  }
  return log;
}

std::string ErasureLog::to_text() const {
  std::string text = fmt::format("{}\nsalt {}\n", kFirstLine, salt);
  for (const ErasedSubject& subject : subjects)
    text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}{}{}\n", subject.done ? "done" : "open", subject.time_us, subject.source,
                        fmt::join(subject.fields, ","), subject.hash, plain(subject.because),
                        subject.store.empty() ? "" : "\t", subject.store);
  return text;
}

Status ErasureLog::write(Fs& fs, const std::string& store) const {
  return fs.write_file(file_of(store), to_text());
}

std::string ErasureLog::hash_of(const std::string& source, const SubjectKey& key) const {
  std::string text = salt + '\n' + source + '\n';
  for (const auto& [field, value] : key) text += fmt::format("{}={}:{}\n", field, value.size(), value);
  return sha256_hex(text);
}

std::string ErasureLog::hash_of_record(const std::string& source, std::string_view bytes) const {
  return sha256_hex(fmt::format("{}\n{}\nrecord:{}", salt, source, bytes));
}

bool has_as_word(std::string_view bytes, std::string_view text) {
  const auto is_inside = [&](size_t at) {
    const auto c = static_cast<unsigned char>(bytes[at]);
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  for (size_t at = bytes.find(text); at != std::string_view::npos; at = bytes.find(text, at + 1)) {
    const size_t end = at + text.size();
    if ((at == 0 || !is_inside(at - 1)) && (end == bytes.size() || !is_inside(end))) return true;
  }
  return false;
}

Result<std::string> key_value(const Type& type, const std::string& written) {
  const auto wrong = [&] {
    return Error{ErrorKind::usage, fmt::format("`{}` is no {}", written, to_string(type)), 0, 0};
  };
  Slot slot = slot_i128(0);
  switch (type->kind) {
    case TypeKind::boolean:
      if (written != "true" && written != "false") return wrong();
      slot = slot_u8(written == "true");
      break;
    case TypeKind::integer: {
      int64_t value = 0;
      const char* end = written.data() + written.size();
      const auto read = std::from_chars(written.data(), end, value);
      if (read.ec != std::errc() || read.ptr != end) return wrong();
      slot = slot_i64(value);
      break;
    }
    case TypeKind::string:
      if (!is_utf8(written)) return wrong();
      slot = slot_bytes(written);
      break;
    case TypeKind::uuid: {
      int128 value = 0;
      if (!parse_uuid(written, &value)) return wrong();
      slot = slot_i128(value);
      break;
    }
    case TypeKind::enumeration: {
      const auto symbol = std::ranges::find(type->symbols, written);
      if (symbol == type->symbols.end()) return wrong();
      slot.i32 = static_cast<int32_t>(symbol - type->symbols.begin());
      break;
    }
    default:
      return Error{
          ErrorKind::usage,
          fmt::format("it has the type {}; a key is named by bool, int, string, uuid and enum", to_string(type)), 0, 0};
  }
  std::string json;
  append_json(type, &slot, json);
  return json;
}

}  // namespace braid
