#include "runtime/connect/foreign_content.h"

#include "runtime/base/check.h"

namespace braid {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlanks = " \t\r\n";

struct Signature {
  std::string_view bytes;
  const char* found;
  const char* mend;  ///< `$` is the path
};
// The longer ones first: UTF-32 begins as UTF-16 does.
constexpr Signature kSignatures[] = {
    {"\x1F\x8B", "compressed with gzip", "unpack it with `gzip -dk $`"},
    {"\x28\xB5\x2F\xFD", "compressed with zstd", "unpack it with `zstd -d $`"},
    {"\xFD"
     "7zXZ",
     "compressed with xz", "unpack it with `xz -dk $`"},
    {std::string_view("PK\x03\x04", 4), "a ZIP archive", "unpack it; a spreadsheet is saved as CSV"},
    {std::string_view("\xFF\xFE\0\0", 4), "UTF-32 text", "convert it with `iconv -f UTF-32 -t UTF-8 $`"},
    {std::string_view("\0\0\xFE\xFF", 4), "UTF-32 text", "convert it with `iconv -f UTF-32 -t UTF-8 $`"},
    {"\xFF\xFE", "UTF-16 text", "convert it with `iconv -f UTF-16 -t UTF-8 $`"},
    {"\xFE\xFF", "UTF-16 text", "convert it with `iconv -f UTF-16 -t UTF-8 $`"},
};
constexpr Signature kUtf16LittleEndian = {"", "UTF-16 text without a byte order mark",
                                          "convert it with `iconv -f UTF-16LE -t UTF-8 $`"};
constexpr Signature kUtf16BigEndian = {"", "UTF-16 text without a byte order mark",
                                       "convert it with `iconv -f UTF-16BE -t UTF-8 $`"};
constexpr Signature kBzip2 = {"", "compressed with bzip2", "unpack it with `bzip2 -dk $`"};
constexpr Signature kAvro = {"", kAvroFile.data(), "read it with `format avro`"};
constexpr Signature kParquet = {"", "a Parquet file", "export it as CSV or NDJSON"};

ForeignContent content_of(const Signature& signature, const std::string& path, bool is_text = false) {
  std::string mend = signature.mend;
  const std::string shown = path == "-" ? "" : path;
  for (size_t at = mend.find('$'); at != std::string::npos; at = mend.find('$', at + shown.size()))
    mend.replace(at, 1, shown);
  if (mend.ends_with(" `")) mend.replace(mend.size() - 2, 2, "`");  // standard input has no path
  return {signature.found, std::move(mend), is_text};
}

std::string_view behind_blanks(std::string_view text) {
  const size_t at = text.find_first_not_of(kBlanks);
  return at == std::string_view::npos ? std::string_view() : text.substr(at);
}

constexpr Signature kArray = {"", "a JSON array", "`jq -c '.[]' $` makes an object per line of it"};
constexpr Signature kPretty = {"", "JSON objects over several lines", "`jq -c . $` makes an object per line of it"};
constexpr Signature kLoneReturns = {"", "lines that end with CR alone", "`tr '\\r' '\\n' < $` makes them end with LF"};
constexpr Signature kJsonAsCsv = {"", "NDJSON records", "read it with `format json`"};

std::optional<ForeignContent> recognise_no_ndjson(std::string_view text, const std::string& path) {
  if (text.starts_with('[')) {
    const std::string_view first = behind_blanks(text.substr(1));
    if (first.starts_with('{') || (first.starts_with('[') && text[1] != '[')) return content_of(kArray, path, true);
    return std::nullopt;
  }
  if (!text.starts_with('{')) return std::nullopt;
  const size_t line_end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, line_end);
  const size_t carriage_return = line.find('\r');
  if (carriage_return != std::string_view::npos && carriage_return + 1 < line.size() &&
      behind_blanks(line.substr(carriage_return)).starts_with('{') && line[carriage_return - 1] == '}')
    return content_of(kLoneReturns, path, true);
  const size_t last = line.find_last_not_of(kBlanks);
  // An object per line ends with its brace; one that goes on stops at what must be followed.
  if (line_end < text.size() && (line[last] == ',' || line[last] == '{' || line[last] == '['))
    return content_of(kPretty, path, true);
  return std::nullopt;
}

}  // namespace

std::optional<ForeignContent> recognise_no_text(std::string_view head, const std::string& path) {
  for (const Signature& each : kSignatures)
    if (head.starts_with(each.bytes)) return content_of(each, path);
  if (head.starts_with("BZh") && head.substr(std::min<size_t>(4, head.size())).starts_with("1AY&SY"))
    return content_of(kBzip2, path);
  if (head.starts_with(std::string_view("Obj\x01", 4))) return content_of(kAvro, path);
  if (head.starts_with("PAR1") && head.size() > 4 && head[4] >= 0 && head[4] < ' ' &&
      kBlanks.find(head[4]) == std::string_view::npos)
    return content_of(kParquet, path);
  if (head.size() >= 4 && head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0)
    return content_of(kUtf16LittleEndian, path);
  if (head.size() >= 4 && head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0)
    return content_of(kUtf16BigEndian, path);
  return std::nullopt;
}

std::optional<ForeignContent> recognise_foreign_content(std::string_view head, Format format, const std::string& path) {
  if (auto found = recognise_no_text(head, path)) return found;
  if (head.starts_with(kByteOrderMark)) head.remove_prefix(kByteOrderMark.size());
  const std::string_view text = behind_blanks(head);
  switch (format) {
    case Format::ndjson:
      return recognise_no_ndjson(text, path);
    case Format::csv:
      if (text.starts_with("{\"")) return content_of(kJsonAsCsv, path, true);
      return std::nullopt;
    case Format::avro:
    case Format::protobuf:
    case Format::raw:
      return std::nullopt;
  }
  BRAID_UNREACHABLE("format");
}

std::string records_of(Format format) {
  return format == Format::csv ? "CSV records" : format == Format::avro ? "Avro records" : "NDJSON records";
}

}  // namespace braid
