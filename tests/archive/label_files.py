"""Short label files in the encodings that they were once written in."""
# ruff: noqa: RUF001

import random
from collections.abc import Iterator

WORDS = {
    "cp1252": "Käfer Öl café São_Paulo Größe Ångström naïve Curaçao Nuñez ÉCOLE “quoted” l’été 25°C Straße ação "
    "hämähäkki Çanakkale ráðhús Ælfred smørrebrød Malmö œuvre Müller élève coeur_à Maçã Araçá Königskerze Löwenzahn",
    "gbk": "狗 猫 汽车 飞机 玫瑰 蒲公英 向日葵 郁金香 雏菊 苹果 香蕉 健康 病害 早疫病 番茄 T恤 衬衫 连衣裙 运动鞋 凉鞋",
    "cp932": "犬 猫 いぬ ネコ 自動車 飛行機 たんぽぽ ひまわり チューリップ りんご 健康 病気 Tシャツ サンダル",
    "cp950": "狗 貓 汽車 飛機 玫瑰 蒲公英 向日葵 鬱金香 雛菊 蘋果 香蕉 健康 病害 番茄 襯衫 連衣裙 運動鞋 涼鞋",
    "cp949": "개 고양이 자동차 비행기 장미 민들레 해바라기 튤립 데이지 사과 바나나 건강 병 토마토 셔츠 원피스 운동화",
    "cp1251": "собака кошка машина самолёт роза одуванчик подсолнух тюльпан ромашка яблоко банан здоров Рубашка КОТ",
    "utf-16": "Käfer 狗 犬 개 собака",
    "utf-8-sig": "Käfer 狗 犬 개 собака",
    "utf-8": "Käfer 狗 犬 개 собака",
}
"""By encoding words with blanks between."""


def label_files(encoding: str, labels: int, files: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """`files` texts with so many labels drawn from the encoding's words (one each where `labels` is 1), and their
    bytes."""
    words, draw = WORDS[encoding].split(), random.Random(seed)
    several = ([draw.choice(words) for _ in range(labels)] for _ in range(files))
    for drawn in [[word] for word in words] if labels == 1 else several:
        text = "id,label\n" + "".join(f"{place},{word}\n" for place, word in enumerate(drawn))
        content = text.encode(encoding)
        if encoding.startswith("utf") or not _is_utf_8(content):
            yield text, content


def _is_utf_8(content: bytes) -> bool:
    """A cat in GBK is an e with a grave accent in UTF-8, if it is alone: nobody can tell."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
