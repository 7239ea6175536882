"""A few sentences in every language of the product: what a new voice says first."""

EXAMPLE_TEXTS = {
    "en": "Hello, and welcome to PodStream. This voice was cloned a moment ago, on this very machine. "
    "Nothing was sent anywhere. What would you like to hear next?",
    "es": "Hola, te damos la bienvenida a PodStream. Esta voz se ha clonado hace un momento, en esta misma máquina. "
    "No se ha enviado nada a ninguna parte. ¿Qué te gustaría escuchar ahora?",
    "fr": "Bonjour et bienvenue sur PodStream. Cette voix vient d'être clonée, sur cette machine même. "
    "Rien n'a été envoyé nulle part. Que voulez-vous entendre maintenant ?",
    "de": "Hallo und willkommen bei PodStream. Diese Stimme wurde eben erst geklont, auf genau diesem Rechner. "
    "Nichts wurde irgendwohin geschickt. Was möchtest du als Nächstes hören?",
    "it": "Ciao e benvenuti su PodStream. Questa voce è stata clonata un attimo fa, proprio su questo computer. "
    "Nulla è stato inviato altrove. Che cosa vorresti ascoltare adesso?",
    "pt": "Olá e boas-vindas ao PodStream. Esta voz foi clonada agora mesmo, neste computador. "
    "Nada foi enviado para lugar nenhum. O que você gostaria de ouvir a seguir?",
    "pl": "Cześć i witaj w PodStream. Ten głos został sklonowany przed chwilą, na tym właśnie komputerze. "
    "Nic nie zostało nigdzie wysłane. Czego chcesz teraz posłuchać?",
    "tr": "Merhaba, PodStream'e hoş geldiniz. Bu ses az önce, tam da bu bilgisayarda kopyalandı. "
    "Hiçbir yere hiçbir şey gönderilmedi. Şimdi ne dinlemek istersiniz?",
    "ru": "Здравствуйте и добро пожаловать в PodStream. Этот голос только что клонирован на этом самом компьютере. "
    "Ничего никуда не отправлялось. Что бы вы хотели услышать теперь?",
    "nl": "Hallo en welkom bij PodStream. Deze stem is zojuist gekloond, op deze computer zelf. "
    "Er is niets ergens heen gestuurd. Wat wil je nu horen?",
    "cs": "Dobrý den a vítejte v PodStreamu. Tento hlas byl naklonován před chvílí, přímo na tomto počítači. "
    "Nic nebylo nikam odesláno. Co byste chtěli slyšet teď?",
    "ar": "مرحبا بكم في بودستريم. تم استنساخ هذا الصوت قبل لحظات على هذا الجهاز نفسه. "
    "لم يرسل أي شيء إلى أي مكان. ماذا تود أن تسمع الآن؟",
    "zh-cn": "你好，欢迎来到播客工坊。这个声音是刚刚在这台电脑上克隆的。没有任何数据被发送出去。接下来你想听什么？",
    "ja": "こんにちは、ポッドストリームへようこそ。この声は、たった今、このコンピューターで複製されました。"
    "どこにも何も送信していません。次は何を聞きたいですか。",
    "hu": "Üdvözöljük a PodStreamben. Ezt a hangot az imént klónoztuk, ezen a számítógépen. "
    "Semmit sem küldtünk el sehová. Mit szeretne hallani most?",
    "ko": "안녕하세요, 팟스트림에 오신 것을 환영합니다. 이 목소리는 방금 이 컴퓨터에서 복제되었습니다. "
    "아무것도 외부로 전송되지 않았습니다. 다음에는 무엇을 듣고 싶으세요?",
    "hi": "नमस्ते, पॉडस्ट्रीम में आपका स्वागत है। यह आवाज़ अभी-अभी इसी कंप्यूटर पर बनाई गई है। "
    "कहीं कुछ नहीं भेजा गया। अब आप क्या सुनना चाहेंगे?",
}
"""By language code; a test holds its keys equal to the engine's languages."""
