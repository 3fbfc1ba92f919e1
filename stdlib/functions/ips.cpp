// Addresses of the internet protocol and their blocks (CIDR). Texts that are no address give null, or false: logs hold
// both. IPv4: four numbers 0 to 255 without leading zeros. IPv6: RFC 4291, written as RFC 5952 says; no zones.
#include <bit>

#include "stdlib/functions/hexadecimal.h"
#include "stdlib/functions/made_text.h"

namespace braid {

using Text = std::string_view;

namespace {

struct Address {
  uint128 bits;  ///< of IPv4 the lowest 32
  int size;      ///< 32 or 128

  bool is_v4() const { return size == 32; }
};
struct Block {
  Address first;
  int prefix;
};

constexpr std::optional<uint32_t> parse_v4(Text text) {
  uint32_t bits = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    uint32_t number = 0;
    size_t digits = 0;
    for (; digits < text.size() && digits < 4 && text[digits] >= '0' && text[digits] <= '9'; ++digits)
      number = number * 10 + static_cast<uint32_t>(text[digits] - '0');
    if (digits == 0 || digits > 3 || number > 255 || (digits > 1 && text[0] == '0')) return std::nullopt;
    bits = bits << 8 | number;
    text.remove_prefix(digits);
  }
  return text.empty() ? std::optional<uint32_t>(bits) : std::nullopt;
}

constexpr std::optional<uint128> parse_v6(Text text) {
  uint128 front = 0, back = 0;  // groups before and behind `::`
  int groups = 0, behind = -1;
  if (text.starts_with("::")) {
    behind = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    if (text.find('.') != Text::npos && text.find(':') == Text::npos) {
      const std::optional<uint32_t> last = parse_v4(text);
      if (!last || groups > 6) return std::nullopt;
      (behind < 0 ? front : back) = (behind < 0 ? front : back) << 32 | *last;
      groups += 2;
      if (behind >= 0) behind += 2;
      text = {};
      break;
    }
    uint32_t group = 0;
    size_t digits = 0;
    for (; digits < text.size() && digits < 5 && hexadecimal::digit(text[digits]) >= 0; ++digits)
      group = group << 4 | static_cast<uint32_t>(hexadecimal::digit(text[digits]));
    if (digits == 0 || digits > 4 || groups == 8) return std::nullopt;
    (behind < 0 ? front : back) = (behind < 0 ? front : back) << 16 | group;
    ++groups;
    if (behind >= 0) ++behind;
    text.remove_prefix(digits);
    if (text.empty()) break;
    if (text.starts_with("::")) {
      if (behind >= 0) return std::nullopt;
      behind = 0;
      text.remove_prefix(2);
    } else if (text.size() > 1 && text[0] == ':') {
      text.remove_prefix(1);
    } else {
      return std::nullopt;
    }
  }
  if (behind < 0) return groups == 8 ? std::optional<uint128>(front) : std::nullopt;
  if (groups > 7) return std::nullopt;
  const int before = groups - behind;
  return (before == 0 ? 0 : front << 16 * (8 - before)) | back;
}

constexpr std::optional<Address> parse(Text text) {
  if (text.size() > 45) return std::nullopt;
  if (text.find(':') == Text::npos) {
    const std::optional<uint32_t> v4 = parse_v4(text);
    return v4 ? std::optional<Address>({*v4, 32}) : std::nullopt;
  }
  const std::optional<uint128> v6 = parse_v6(text);
  return v6 ? std::optional<Address>({*v6, 128}) : std::nullopt;
}

/// The bits behind a prefix.
constexpr uint128 host_bits(int size, int prefix) {
  return prefix == 0 && size == 128 ? ~uint128{0} : (uint128{1} << (size - prefix)) - 1;
}

/// `ADDRESS/PREFIX`, or an address as the block of itself.
constexpr std::optional<Block> parse_block(Text text) {
  const size_t slash = text.find('/');
  const std::optional<Address> address = parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  int prefix = address->size;
  if (slash != Text::npos) {
    const Text digits = text.substr(slash + 1);
    if (digits.empty() || digits.size() > 3 || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
    prefix = 0;
    for (const char digit : digits) {
      if (digit < '0' || digit > '9') return std::nullopt;
      prefix = prefix * 10 + (digit - '0');
    }
    if (prefix > address->size) return std::nullopt;
  }
  return Block{{address->bits & ~host_bits(address->size, prefix), address->size}, prefix};
}

constexpr bool within(const Address& address, const Block& block) {
  return address.size == block.first.size &&
         (address.bits & ~host_bits(address.size, block.prefix)) == block.first.bits;
}

void append_number(std::string& out, uint32_t number) {
  out += std::to_string(number);
}

void append(std::string& out, const Address& address) {
  if (address.is_v4()) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      append_number(out, static_cast<uint32_t>(address.bits >> shift) & 0xFF);
      if (shift > 0) out += '.';
    }
    return;
  }
  const auto group = [&](int index) { return static_cast<uint32_t>(address.bits >> 16 * (7 - index)) & 0xFFFF; };
  if (address.bits >> 32 == 0xFFFF) {  // an IPv4 address in IPv6
    out += "::ffff:";
    append(out, {address.bits & 0xFFFFFFFF, 32});
    return;
  }
  int longest = 1, start = -1;  // the first longest run of at least two zeros
  for (int i = 0; i < 8; ++i) {
    int end = i;
    while (end < 8 && group(end) == 0) ++end;
    if (end - i > longest) longest = end - i, start = i;
    if (end > i) i = end;
  }
  for (int i = 0; i < 8; ++i) {
    if (i == start) {
      out += "::";
      i += longest - 1;
      continue;
    }
    if (i > 0 && i != start + longest) out += ':';
    bool shown = false;
    for (int shift = 12; shift >= 0; shift -= 4) {
      const uint32_t digit = group(i) >> shift & 15;
      shown = shown || digit != 0 || shift == 0;
      if (shown) out += "0123456789abcdef"[digit];
    }
  }
}

Text written(CallContext& context, const Address& address) {
  return make_text(context, [&](std::string& out) { append(out, address); });
}

/// Whether one of the blocks has it; an IPv4 address in IPv6 is judged as the former.
template <size_t n>
bool within_any(Text text, const Block (&blocks)[n]) {
  std::optional<Address> address = parse(text);
  if (!address) return false;
  if (!address->is_v4() && address->bits >> 32 == 0xFFFF) address = {address->bits & 0xFFFFFFFF, 32};
  for (const Block& block : blocks)
    if (within(*address, block)) return true;
  return false;
}

/// Of a constant: parsed by the compiler.
consteval Block operator""_block(const char* text, size_t size) {
  return *parse_block({text, size});
}

}  // namespace

static std::optional<int64_t> ip_version(Text ip) {
  const std::optional<Address> address = parse(ip);
  if (!address) return std::nullopt;
  return address->is_v4() ? 4 : 6;
}
BRAID_FUNCTION(ips, ip_version,
               {.summary = "4 or 6, null if a text is no IP address.",
                .parameters = {{"ip", "Address to look at."}},
                .examples = {{R"(ip_version("192.0.2.1"))", "4"},
                             {R"(ip_version("2001:db8::1"))", "6"},
                             {R"(ip_version("192.0.2.256"))", "null"}}})

static bool is_ip(Text text) {
  return parse(text).has_value();
}
BRAID_FUNCTION(ips, is_ip,
               {.summary = "Whether a text is an IP address, of version 4 or 6.",
                .parameters = {{"text", "Text to look at."}},
                .examples = {{R"(is_ip("::1"))", "true"}, {R"(is_ip("1.2.3"))", "false"}, {R"(is_ip(""))", "false"}}})

static std::optional<Text> normalize_ip(CallContext& context, Text ip) {
  const std::optional<Address> address = parse(ip);
  if (!address) return std::nullopt;
  return written(context, *address);
}
BRAID_FUNCTION(ips, normalize_ip,
               {.summary = "An IP address in its one usual form (RFC 5952), null if the text is none.",
                .parameters = {{"ip", "Address to write."}},
                .examples = {{R"(normalize_ip("2001:0DB8:0:0:0:0:0:1"))", R"("2001:db8::1")"},
                             {R"(normalize_ip("0:0:0:0:0:0:0:0"))", R"("::")"},
                             {R"(normalize_ip("::ffff:c000:201"))", R"("::ffff:192.0.2.1")"},
                             {R"(normalize_ip("none"))", "null"}}})

static std::optional<int64_t> ip_to_int(Text ip) {
  const std::optional<uint32_t> v4 = parse_v4(ip);
  if (!v4) return std::nullopt;
  return int64_t{*v4};
}
BRAID_FUNCTION(ips, ip_to_int,
               {.summary = "The number that an IPv4 address is, null if the text is none.",
                .parameters = {{"ip", "Address of version 4."}},
                .examples = {{R"(ip_to_int("192.0.2.1"))", "3221225985"}, {R"(ip_to_int("::1"))", "null"}}})

static std::optional<Text> ip_from_int(CallContext& context, int64_t number) {
  if (number < 0 || number > UINT32_MAX) return std::nullopt;
  return written(context, {static_cast<uint128>(number), 32});
}
BRAID_FUNCTION(ips, ip_from_int,
               {.summary = "The IPv4 address of a number, null outside 0 to 4294967295.",
                .parameters = {{"number", "Number of the address."}},
                .examples = {{"ip_from_int(3221225985)", R"("192.0.2.1")"}, {"ip_from_int(-1)", "null"}}})

static std::optional<Binary> ip_bytes(CallContext& context, Text ip) {
  const std::optional<Address> address = parse(ip);
  if (!address) return std::nullopt;
  const int count = address->size / 8;
  char* const made = allocate(context, static_cast<uint64_t>(count));
  for (int i = 0; i < count; ++i) made[i] = static_cast<char>(address->bits >> 8 * (count - 1 - i) & 0xFF);
  return Binary{{made, static_cast<size_t>(count)}};
}
BRAID_FUNCTION(ips, ip_bytes,
               {.summary = "The 4 or 16 bytes of an IP address, null if the text is none.",
                .parameters = {{"ip", "Address."}},
                .examples = {{R"(hex(ip_bytes("192.0.2.1") ?? bytes("")))", R"("c0000201")"},
                             {R"(ip_bytes("none"))", "null"}}})

static std::optional<Text> ip_from_bytes(CallContext& context, Binary bytes) {
  if (bytes.view.size() != 4 && bytes.view.size() != 16) return std::nullopt;
  uint128 bits = 0;
  for (const char byte : bytes.view) bits = bits << 8 | static_cast<uint8_t>(byte);
  return written(context, {bits, static_cast<int>(bytes.view.size()) * 8});
}
BRAID_FUNCTION(ips, ip_from_bytes,
               {.summary = "The IP address of 4 or 16 bytes, null for another number of bytes.",
                .parameters = {{"bytes", "Bytes of the address, the highest first."}},
                .examples = {{R"(ip_from_bytes(from_hex("c0000201")))", R"("192.0.2.1")"},
                             {R"(ip_from_bytes(bytes("")))", "null"}}})

static bool ip_in(Text ip, Text block) {
  const std::optional<Address> address = parse(ip);
  const std::optional<Block> around = parse_block(block);
  return address && around && within(*address, *around);
}
BRAID_FUNCTION(ips, ip_in,
               {.summary = "Whether an IP address lies in a block; false if one of them is none.",
                .parameters = {{"ip", "Address."}, {"block", "`ADDRESS/PREFIX`, such as `10.0.0.0/8`."}},
                .examples = {{R"(ip_in("10.1.2.3", "10.0.0.0/8"))", "true"},
                             {R"(ip_in("2001:db9::1", "2001:db8::/32"))", "false"},
                             {R"(ip_in("", "10.0.0.0/8"))", "false"}}})

static bool is_cidr(Text text) {
  return text.find('/') != Text::npos && parse_block(text).has_value();
}
BRAID_FUNCTION(ips, is_cidr,
               {.summary = "Whether a text is a block of IP addresses: `ADDRESS/PREFIX`.",
                .parameters = {{"text", "Text to look at."}},
                .examples = {{R"(is_cidr("10.0.0.0/8"))", "true"}, {R"(is_cidr("10.0.0.0/33"))", "false"}}})

static std::optional<Text> cidr_first(CallContext& context, Text block) {
  const std::optional<Block> parsed = parse_block(block);
  if (!parsed) return std::nullopt;
  return written(context, parsed->first);
}
BRAID_FUNCTION(ips, cidr_first,
               {.summary = "The first address of a block (of IPv4 that of the network), null if the text is none.",
                .parameters = {{"block", "`ADDRESS/PREFIX`."}},
                .examples = {{R"(cidr_first("192.0.2.77/24"))", R"("192.0.2.0")"}, {R"(cidr_first("x/1"))", "null"}}})

static std::optional<Text> cidr_last(CallContext& context, Text block) {
  const std::optional<Block> parsed = parse_block(block);
  if (!parsed) return std::nullopt;
  const Address& first = parsed->first;
  return written(context, {first.bits | host_bits(first.size, parsed->prefix), first.size});
}
BRAID_FUNCTION(ips, cidr_last,
               {.summary = "The last address of a block (of IPv4 that of the broadcast), null if the text is none.",
                .parameters = {{"block", "`ADDRESS/PREFIX`."}},
                .examples = {{R"(cidr_last("192.0.2.77/24"))", R"("192.0.2.255")"},
                             {R"(cidr_last("::/0"))", R"("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")"},
                             {R"(cidr_last(""))", "null"}}})

static std::optional<int64_t> cidr_prefix(Text block) {
  const std::optional<Block> parsed = parse_block(block);
  if (!parsed) return std::nullopt;
  return int64_t{parsed->prefix};
}
BRAID_FUNCTION(ips, cidr_prefix,
               {.summary = "How many bits the addresses of a block share, null if the text is none.",
                .parameters = {{"block", "`ADDRESS/PREFIX`; an address alone is a block of one."}},
                .examples = {{R"(cidr_prefix("192.0.2.0/24"))", "24"},
                             {R"(cidr_prefix("::1"))", "128"},
                             {R"(cidr_prefix("192.0.2.0/99"))", "null"}}})

static std::optional<Text> ip_network(CallContext& context, Text ip, int64_t v4_bits, int64_t v6_bits) {
  const std::optional<Address> address = parse(ip);
  if (!address) return std::nullopt;
  const int64_t bits = std::clamp<int64_t>(address->is_v4() ? v4_bits : v6_bits, 0, address->size);
  return written(context, {address->bits & ~host_bits(address->size, static_cast<int>(bits)), address->size});
}
BRAID_FUNCTION(
    ips, ip_network,
    {.summary = "An IP address with its last bits zero, so that it names a network and no person; null if the "
                "text is none.",
     .parameters = {{"ip", "Address."},
                    {"v4_bits", "Bits that stay of an address of version 4.", "24"},
                    {"v6_bits", "Bits that stay of one of version 6.", "48"}},
     .examples = {{R"(ip_network("203.0.113.77"))", R"("203.0.113.0")"},
                  {R"(ip_network("2001:db8:1:2::3"))", R"("2001:db8:1::")"},
                  {R"(ip_network("unknown"))", "null"}}})

static bool is_private_ip(Text ip) {
  static constexpr Block kBlocks[] = {"10.0.0.0/8"_block, "172.16.0.0/12"_block, "192.168.0.0/16"_block,
                                      "fc00::/7"_block};
  return within_any(ip, kBlocks);
}
BRAID_FUNCTION(ips, is_private_ip,
               {.summary = "Whether an IP address is for private networks (RFC 1918, RFC 4193).",
                .parameters = {{"ip", "Address; other texts give false."}},
                .examples = {{R"(is_private_ip("172.31.0.1"))", "true"}, {R"(is_private_ip("8.8.8.8"))", "false"}}})

static bool is_loopback_ip(Text ip) {
  static constexpr Block kBlocks[] = {"127.0.0.0/8"_block, "::1/128"_block};
  return within_any(ip, kBlocks);
}
BRAID_FUNCTION(ips, is_loopback_ip,
               {.summary = "Whether an IP address is the host itself.",
                .parameters = {{"ip", "Address; other texts give false."}},
                .examples = {{R"(is_loopback_ip("127.0.0.1"))", "true"}, {R"(is_loopback_ip("::2"))", "false"}}})

static bool is_global_ip(Text ip) {
  // The registries of IANA for special purposes, RFC 6890.
  static constexpr Block kSpecial[] = {
      "0.0.0.0/8"_block,      "10.0.0.0/8"_block,     "100.64.0.0/10"_block, "127.0.0.0/8"_block,
      "169.254.0.0/16"_block, "172.16.0.0/12"_block,  "192.0.0.0/24"_block,  "192.0.2.0/24"_block,
      "192.88.99.0/24"_block, "192.168.0.0/16"_block, "198.18.0.0/15"_block, "198.51.100.0/24"_block,
      "203.0.113.0/24"_block, "224.0.0.0/4"_block,    "240.0.0.0/4"_block,   "::/127"_block,
      "64:ff9b:1::/48"_block, "100::/64"_block,       "2001::/23"_block,     "2001:db8::/32"_block,
      "2002::/16"_block,      "3fff::/20"_block,      "fc00::/7"_block,      "fe80::/10"_block,
      "ff00::/8"_block};
  return is_ip(ip) && !within_any(ip, kSpecial);
}
BRAID_FUNCTION(
    ips, is_global_ip,
    {.summary = "Whether an IP address is for hosts of the internet: not private, of the host or the link, for "
                "groups, for documentation or reserved.",
     .parameters = {{"ip", "Address; other texts give false."}},
     .examples = {{R"(is_global_ip("8.8.8.8"))", "true"},
                  {R"(is_global_ip("192.0.2.1"))", "false"},
                  {R"(is_global_ip("fe80::1"))", "false"}}})

static bool is_multicast_ip(Text ip) {
  static constexpr Block kBlocks[] = {"224.0.0.0/4"_block, "ff00::/8"_block};
  return within_any(ip, kBlocks);
}
BRAID_FUNCTION(ips, is_multicast_ip,
               {.summary = "Whether an IP address stands for a group of hosts.",
                .parameters = {{"ip", "Address; other texts give false."}},
                .examples = {{R"(is_multicast_ip("224.0.0.1"))", "true"},
                             {R"(is_multicast_ip("ff02::1"))", "true"},
                             {R"(is_multicast_ip("::1"))", "false"}}})

static std::optional<Text> normalize_mac(CallContext& context, Text text) {
  char digits[12];
  size_t count = 0;
  char last = '\0';
  for (const char byte : text) {
    const bool mark = byte == ':' || byte == '-' || byte == '.';
    if (mark && count > 0 && last != '-') {
      last = '-';
      continue;
    }
    const int digit = hexadecimal::digit(byte);
    if (digit < 0 || count == 12) return std::nullopt;
    digits[count++] = "0123456789abcdef"[digit];
    last = '0';
  }
  if (count != 12 || last == '-') return std::nullopt;
  char* const made = allocate(context, 17);
  for (size_t i = 0; i < 12; ++i) made[i + i / 2] = digits[i];
  for (size_t i = 2; i < 17; i += 3) made[i] = ':';
  return Text(made, 17);
}
BRAID_FUNCTION(ips, normalize_mac,
               {.summary = "A hardware address as `00:1a:2b:3c:4d:5e`, null if the text is none.",
                .parameters = {{"text", "Twelve hexadecimal digits, with or without `:`, `-` or `.` between them."}},
                .examples = {{R"(normalize_mac("00-1A-2B-3C-4D-5E"))", R"("00:1a:2b:3c:4d:5e")"},
                             {R"(normalize_mac("001a.2b3c.4d5e"))", R"("00:1a:2b:3c:4d:5e")"},
                             {R"(normalize_mac("00:1a"))", "null"}}})

BRAID_GROUP(ips)

}  // namespace braid
