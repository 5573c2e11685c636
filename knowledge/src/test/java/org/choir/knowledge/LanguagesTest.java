package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LanguagesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "en|The server writes its log to the disk before it says that the change is done and safe.",
        "de|Der Server schreibt das Protokoll auf die Platte, bevor er sagt, dass die Änderung nicht verloren ist.",
        "fr|Le serveur écrit le journal sur le disque avant de dire que la modification est faite pour les clients.",
        "es|El servidor escribe el registro en el disco antes de decir que los cambios no se van a perder.",
        "it|Il server scrive il registro sul disco prima di dire che la modifica è fatta, come gli altri della rete.",
        "pt|O servidor não escreve os registos na memória, mas em um disco, para que não se percam com uma falha.",
        "nl|De server schrijft het logboek naar de schijf voordat hij zegt dat een wijziging niet verloren kan gaan.",
        "pl|Serwer zapisuje dziennik na dysku, że zmiana nie jest utracona, i to się dzieje przed każdym zapisem do bazy.",
        "ru|Сервер пишет журнал на диск, и только после этого он сообщает, что изменение не будет потеряно.",
        "uk|Сервер пише журнал на диск, і тільки після цього він повідомляє, що зміна не буде втрачена, але це не все.",
        "zh|服务器先把日志写入磁盘,然后才报告更改已经完成。",
        "ja|サーバーはログをディスクに書き込みます。",
        "ko|서버는 로그를 디스크에 기록합니다.",
        "el|Ο διακομιστής γράφει το αρχείο καταγραφής.",
        "ar|يكتب الخادم السجل على القرص.",
        "und|int main(void) { return 0; } struct foo bar baz qux;",
        "und|12345 67890",
        "und|Hello"
      })
  void guessesTheLanguageOfAText(String language, String text) {
    assertThat(Languages.guess(text)).isEqualTo(language);
  }
}
